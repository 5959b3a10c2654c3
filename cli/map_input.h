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
	bool allow_odd;
	unsigned long long reserve_limit; /* 0: the default */

	struct kpage_words words;
	struct kpage_map map;
};

/* Reads, boots, imports. Returns 0 or -errno with pagesim_error(). */
int map_input_load(struct map_input *input);
/* Shuts down and frees, also after an error. */
void map_input_unload(struct map_input *input);

#endif /* PAGESIM_MAP_INPUT_H */
