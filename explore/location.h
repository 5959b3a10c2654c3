/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/*
 * Numbers for the memory locations that visible operations access. What
 * overlaps is one location: where accesses of different sizes are mixed,
 * the 8 aligned bytes around them.
 */
#ifndef PAGESIM_EXPLORE_LOCATION_H
#define PAGESIM_EXPLORE_LOCATION_H

#include <stddef.h>

enum {
	MAX_LOCATIONS = 1 << 16
};

/* From 1; the same in all executions of a program. */
int location_of(const void *addr, size_t size);

/* How often locations were found to be one, which changes the numbers. */
int location_lessons(void);

#endif /* PAGESIM_EXPLORE_LOCATION_H */
