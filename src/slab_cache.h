/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* What a cache is, for the parts of the slab allocator. */
#ifndef PAGESIM_SRC_SLAB_CACHE_H
#define PAGESIM_SRC_SLAB_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <pagesim/list.h>
#include <pagesim/raw_spinlock.h>
#include <pagesim/slab.h>

#include "slab_heap.h"

#define SLAB_MIN_ALIGN 8

struct kmem_cache {
	raw_spinlock_t lock;
	/* Under the lock. */
	struct list_head partial;
	unsigned long nr_allocated;
	unsigned int nr_empty;
	bool leak_reported;

	/* Constant while it is there. */
	bool in_use;
	char name[32];
	u32 object_size; /* 0 for kmalloc-large: that of the slab */
	u32 size; /* from object to object */
	unsigned int order, min_order;
	slab_flags_t flags;
	void (*ctor)(void *object);
};

/* Freed objects keep their contents. */
static inline bool slab_keeps_contents(const struct kmem_cache *cache)
{
	return cache->ctor || cache->flags & SLAB_TYPESAFE_BY_RCU;
}

/* kmalloc-large's objects are whole runs, which the heap looks after. */
static inline bool slab_poisons(const struct kmem_cache *cache)
{
	return slab_checks() && !slab_keeps_contents(cache) &&
	       cache->object_size;
}

/* How many empty slabs it keeps from the heap. */
unsigned int slab_keeps_empty(const struct kmem_cache *cache);

/* The least order of pages for so many bytes. */
unsigned int slab_order_of(size_t size);

/* The lock is not touched: who frees wrongly may just take it. */
void slab_cache_init(struct kmem_cache *cache, const char *name, u32 size,
		     u32 align, slab_flags_t flags, void (*ctor)(void *));

/* ---- reports. Context: no lock, nobody allocates from the cache ---- */

void slab_report_damage(const struct slab_damage *damage, struct slab_site site,
			const char *func);
/* What was written to freed objects, then what remains. Returns how many. */
unsigned long slab_cache_report(struct kmem_cache *cache, const char *func);
/* The same of all that kmem_cache_create() made. */
unsigned long slab_caches_report(const char *func);

/* ---- boot and shutdown ---- */

unsigned long long slab_caches_arena_size(void);
/* any: there is an arena for them. */
void slab_caches_boot(bool any);
void slab_caches_shutdown(void);

#endif /* PAGESIM_SRC_SLAB_CACHE_H */
