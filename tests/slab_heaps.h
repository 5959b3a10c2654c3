/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* For the tests of the slab allocator: machines, and all that a heap has. */
#ifndef PAGESIM_TEST_SLAB_HEAPS_H
#define PAGESIM_TEST_SLAB_HEAPS_H

#include "test.h"
#include <pagesim/slab.h>
#include "track.h"

/* What the library was not built to find, it is not asked for. */
static inline bool no_checks(void)
{
	return pagesim_built_debug() < PAGESIM_DEBUG_VM;
}

static inline int boot_with(unsigned long long kmalloc_bytes,
			    enum pagesim_debug debug)
{
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.nr_pages = 64;
	config.kmalloc_bytes = kmalloc_bytes;
	config.debug = debug;
	return pagesim_boot(&config);
}

/* A use after free: past the tool that would find the access itself. */
static inline void write_freed(void *object, size_t offset, unsigned char value)
{
	unsigned char *byte = (unsigned char *)object + offset;

	if (track_mem_is_watched())
		assert_true(track_mem_is_noaccess(byte));
	track_mem_defined(byte - offset % 8, 8);
	*byte = value;
}

static inline bool all_bytes(const void *object, size_t size,
			     unsigned char value)
{
	const unsigned char *bytes = object;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* The class that kmalloc() takes for a size. */
static inline size_t class_of(size_t size)
{
	size_t class = 8;

	if (size > 64 && size <= 96)
		return 96;
	if (size > 128 && size <= 192)
		return 192;
	while (class < size)
		class *= 2;
	if (size > KMALLOC_MAX_CACHE_SIZE && class < PAGE_SIZE)
		class = PAGE_SIZE;
	return class;
}

/* All of the heap in objects of a size; a list through their first words. */
static inline unsigned long take_all(size_t size, void **list)
{
	unsigned long nr = 0;
	void **object;

	*list = NULL;
	while ((object = kmalloc(size, GFP_KERNEL))) {
		*object = *list;
		*list = object;
		nr++;
	}
	return nr;
}

static inline void free_all(void *list)
{
	while (list) {
		void *next = *(void **)list;

		kfree(list);
		list = next;
	}
}

#endif /* PAGESIM_TEST_SLAB_HEAPS_H */
