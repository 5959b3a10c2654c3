/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * The pages of kmalloc's heap: runs of 2^order of them, and the poison that
 * free memory is filled with. Public names are in pagesim/slab.h.
 */
#ifndef PAGESIM_SRC_SLAB_HEAP_H
#define PAGESIM_SRC_SLAB_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <pagesim/bug.h>
#include <pagesim/list.h>
#include <pagesim/types.h>

/* Poison, checks, places: what the tier "none" goes without. */
static inline bool slab_checks(void)
{
	return PAGESIM_DEBUG >= 1 && pagesim_debug_tier >= 1;
}

struct slab_site {
	const char *file;
	int line;
};

/* One for each page of the heap. The first of a run tells about the run. */
struct slab {
	/* NULL: free, or not the first. Marked accesses; cache's lock. */
	struct kmem_cache *cache;
	u32 offset; /* pages back to the first. Marked accesses */

	/* The heap's lock. */
	bool taken;
	bool poisoned; /* free, and filled */
	const char *freed_name; /* of the cache that gave the page back */
	struct slab_site freed;

	/* The cache's lock. */
	unsigned int order;
	u32 size; /* from object to object */
	u16 nr; /* objects that fit */
	u16 inuse; /* allocated */
	u16 fresh; /* those from here on were never handed out */
	u16 free; /* the first that was freed, SLAB_NO_OBJECT */
	union {
		struct list_head partial;
		/* Off that list, and to be given back after a grace period. */
		struct rcu_head rcu;
	};
};

#define SLAB_NO_OBJECT 0xffff

/* Freed memory that was found changed. */
struct slab_damage {
	void *object; /* NULL: there is none */
	char name[32];
	size_t size, offset; /* of the first byte that is wrong */
	u8 found;
	struct slab_site freed;
};

void slab_poison(void *start, size_t size);

/*
 * Returns true if the poison is whole. Else fills damage but for freed, and
 * mends the poison.
 */
bool slab_poison_check(void *start, size_t size, const char *name,
		       struct slab_damage *damage);

unsigned long long slab_heap_arena_size(unsigned long long bytes);
void slab_heap_boot(unsigned long long bytes);
void slab_heap_shutdown(void);

unsigned long slab_heap_pages(void);
/* No page from here on was ever taken. */
unsigned long slab_heap_high_pages(void);

/* NULL for an address that is not in the heap. */
struct slab *slab_of(const void *address);
void *slab_address(const struct slab *slab);
unsigned long slab_page_index(const struct slab *slab);
struct slab *slab_of_page(unsigned long index);

/*
 * Takes a naturally aligned run. NULL if there is none, or if its memory was
 * changed while it was free, which damage then says: not taken.
 * Context: takes the heap's lock; the caller may hold a cache's.
 */
struct slab *slab_heap_take(unsigned int order, struct slab_damage *damage);
void slab_heap_give_back(struct slab *slab, const char *name,
			 struct slab_site site);

/* Looks at all free pages. Returns true if damage was found. */
bool slab_heap_find_damage(struct slab_damage *damage);

/* What a page that is free was; false if it was never taken. */
bool slab_page_freed(struct slab *slab, char name[32], struct slab_site *site);

#endif /* PAGESIM_SRC_SLAB_HEAP_H */
