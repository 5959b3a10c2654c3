/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* A machine booted from page words: what pagesim map and bench begin with. */
#ifndef PAGESIM_MAP_INPUT_H
#define PAGESIM_MAP_INPUT_H

#include <pagesim/kpage_import.h>

struct map_input {
	/* Both NULL for the live machine, whose paths are filled in. */
	const char *flags_path;
	const char *count_path;
	bool allow_odd; /* set for the live machine */
	unsigned long long reserve_limit; /* 0: the default */

	struct kpage_words words;
	struct kpage_map map;
};

/*
 * The options that name it, for a table of getopt_long(), and what they do.
 * Returns true for one of them, or -EINVAL in *err and a message.
 */
/* clang-format off */
#define MAP_INPUT_OPTIONS \
	{ "flags", required_argument, NULL, 'f' }, \
	{ "count", required_argument, NULL, 'c' }, \
	{ "allow-odd", no_argument, NULL, 'o' }, \
	{ "reserve-limit", required_argument, NULL, 'r' }
/* clang-format on */
#define MAP_INPUT_USAGE                                                        \
	"  --flags FILE           the file of flags\n"                         \
	"  --count FILE           the file of map counts that belongs to it\n" \
	"  --allow-odd            mark and count broken compound pages and\n"  \
	"                         words that no state gives, instead of\n"     \
	"                         refusing them; so done when no file is\n"    \
	"                         named\n"                                     \
	"  --reserve-limit SIZE   address space that may be reserved (2T)\n"
bool map_input_option(struct map_input *input, int option, const char *arg,
		      int *err);

/* Reads, boots, imports. Returns 0 or -errno with pagesim_error(). */
int map_input_load(struct map_input *input);
/* Shuts down and frees, also after an error. */
void map_input_unload(struct map_input *input);

#endif /* PAGESIM_MAP_INPUT_H */
