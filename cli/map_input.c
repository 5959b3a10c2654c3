// SPDX-License-Identifier: MIT
// Floor: 5
#include <errno.h>
#include <stdio.h>
#include <pagesim/mm_types.h>
#include <pagesim/pagesim.h>

#include "cli.h"
#include "map_input.h"

/* The most frames that a machine within the limit can have. */
static unsigned long max_frames(const struct map_input *input)
{
	struct pagesim_config config;
	unsigned long long limit = input->reserve_limit;
	unsigned long low = 0, high = 1UL << 46;

	if (!limit)
		limit = pagesim_default_reserve();
	pagesim_config_init(&config);
	config.kmalloc_bytes = 0;
	while (high - low > 1) {
		config.nr_pages = low + (high - low) / 2;
		if (pagesim_reserve_size(&config) <= limit)
			low = config.nr_pages;
		else
			high = config.nr_pages;
	}
	return low;
}

bool map_input_option(struct map_input *input, int option, const char *arg,
		      int *err)
{
	*err = 0;
	switch (option) {
	case 'f':
		input->flags_path = arg;
		return true;
	case 'c':
		input->count_path = arg;
		return true;
	case 'o':
		input->allow_odd = true;
		return true;
	case 'r':
		input->reserve_limit = parse_size(arg);
		if (input->reserve_limit)
			return true;
		fprintf(stderr, "pagesim: \"%s\" is no size\n", arg);
		*err = -EINVAL;
		return true;
	default:
		return false;
	}
}

static void show_reading(unsigned long done, unsigned long all, void *data)
{
	(void)data;
	progress_show("reading frames", done, all);
}

static void show_building(unsigned long done, unsigned long all, void *data)
{
	(void)data;
	progress_show("building frames", done, all);
}

static int boot_for(const struct map_input *input)
{
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.kmalloc_bytes = 0;
	config.nr_pages = input->words.nr;
	config.dense = true;
	config.reserve_limit = input->reserve_limit;
	return pagesim_boot(&config);
}

int map_input_load(struct map_input *input)
{
	struct kpage_import_options options = { .progress = show_building };
	int err;

	if (!input->flags_path) {
		input->flags_path = PROC_KPAGEFLAGS;
		input->count_path = PROC_KPAGECOUNT;
		input->allow_odd = true;
	}
	options.flags_name = input->flags_path;
	options.allow_odd = input->allow_odd;
	err = kpage_words_read(&input->words, input->flags_path,
			       input->count_path, max_frames(input),
			       show_reading, NULL);
	if (!err)
		err = boot_for(input);
	if (!err)
		err = kpage_import(&input->map, &input->words, &options);
	return err;
}

void map_input_unload(struct map_input *input)
{
	kpage_map_free(&input->map);
	kpage_words_free(&input->words);
	pagesim_shutdown();
}
