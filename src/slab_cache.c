// SPDX-License-Identifier: MIT
// Floor: 1
/* Caches: what one is, what is wrong with it, its end. */
#include <stdio.h>
#include <string.h>
#include <pagesim/bug.h>
#include <pagesim/might_sleep.h>
#include <pagesim/rcupdate.h>

#include "arena.h"
#include "slab_cache.h"
#include "slab_heap.h"
#include "slab_objects.h"

#define MAX_CACHES 512
#define MIN_PARTIAL 5 /* empty slabs that a cache keeps, the kernel's least */
#define MAX_SLAB_ORDER 3
#define CACHE_LINE 64

static struct {
	bool booted;
	raw_spinlock_t lock; /* which slot is in use */
	unsigned int next_slot, nr_slots, nr_used;
	struct kmem_cache *slots; /* in the arena: 0 is an unlocked lock */
} caches;

/* ---- what a cache is ---- */

unsigned int slab_keeps_empty(const struct kmem_cache *cache)
{
	return cache->object_size ? MIN_PARTIAL : 0;
}

unsigned int slab_order_of(size_t size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

/* Four objects and little waste, if MAX_SLAB_ORDER allows that. */
static unsigned int slab_order(u32 size, unsigned int min_order)
{
	unsigned int order = min_order;

	for (; order < MAX_SLAB_ORDER; order++) {
		size_t bytes = PAGE_SIZE << order;

		if (bytes / size >= 4 && bytes % size <= bytes / 16)
			break;
	}
	return order;
}

static u32 object_align(slab_flags_t flags, u32 align, u32 size)
{
	u32 line = CACHE_LINE;

	if (flags & SLAB_HWCACHE_ALIGN) {
		while (size <= line / 2)
			line /= 2;
		align = align > line ? align : line;
	}
	return align > SLAB_MIN_ALIGN ? align : SLAB_MIN_ALIGN;
}

void slab_cache_init(struct kmem_cache *cache, const char *name, u32 size,
		     u32 align, slab_flags_t flags, void (*ctor)(void *))
{
	align = object_align(flags, align, size);
	INIT_LIST_HEAD(&cache->partial);
	cache->nr_allocated = 0;
	cache->nr_empty = 0;
	cache->leak_reported = false;
	snprintf(cache->name, sizeof(cache->name), "%s", name);
	cache->object_size = size;
	cache->size = ALIGN(size, align);
	cache->min_order = slab_order_of(align > size ? align : size);
	cache->order = size ? slab_order(cache->size, cache->min_order) : 0;
	cache->flags = flags;
	cache->ctor = ctor;
	cache->in_use = true;
}

/* ---- a new one ---- */

/*
 * Round and round, so that the name of one that was destroyed stays for
 * reports about its pages. A lock that a slot's last cache had is free.
 */
static struct kmem_cache *find_slot(void)
{
	for (unsigned int i = 0; i < caches.nr_slots; i++) {
		unsigned int slot = caches.next_slot++ % caches.nr_slots;

		if (caches.slots[slot].in_use)
			continue;
		if (slot >= caches.nr_used)
			caches.nr_used = slot + 1;
		return &caches.slots[slot];
	}
	return NULL;
}

static bool cache_can_be(const char *name, unsigned int size,
			 unsigned int align)
{
	return name && size && size <= KMALLOC_MAX_SIZE &&
	       align <= KMALLOC_MAX_SIZE && !(align & (align - 1));
}

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, slab_flags_t flags,
				     void (*ctor)(void *object))
{
	struct kmem_cache *cache = NULL;

	BUG_ON(!caches.booted);
	if (!WARN_ON(!cache_can_be(name, size, align))) {
		raw_spin_lock(&caches.lock);
		cache = find_slot();
		if (cache)
			slab_cache_init(cache, name, size, align, flags, ctor);
		raw_spin_unlock(&caches.lock);
		WARN_ON(!cache && caches.nr_slots);
	}
	BUG_ON(!cache && flags & SLAB_PANIC);
	return cache;
}

unsigned int kmem_cache_size(const struct kmem_cache *cache)
{
	return cache->object_size;
}

/* ---- what is wrong with it ---- */

void slab_report_damage(const struct slab_damage *damage, struct slab_site site,
			const char *func)
{
	pagesim_report(
		PAGESIM_REPORT_USE_AFTER_FREE, site.file, site.line, func,
		"%s object %p of %zu bytes: byte %zu was changed to 0x%02x after the free at %s:%d",
		damage->name, damage->object, damage->size, damage->offset,
		damage->found, damage->freed.file, damage->freed.line);
}

/* Context: nobody allocates from the cache. */
static void report_cache_damage(struct kmem_cache *cache, struct slab_site site,
				const char *func)
{
	struct slab_damage damage;

	do {
		damage.object = NULL;
		raw_spin_lock(&cache->lock);
		slab_objects_check(cache, &damage);
		raw_spin_unlock(&cache->lock);
		if (damage.object)
			slab_report_damage(&damage, site, func);
	} while (damage.object);
}

/* Once for each cache. Returns how many objects remain. */
static unsigned long report_cache_leak(struct kmem_cache *cache,
				       const char *func)
{
	struct slab_site site = { __FILE__, __LINE__ };
	unsigned long nr;
	void *first = NULL;
	bool reported;

	raw_spin_lock(&cache->lock);
	nr = cache->nr_allocated;
	reported = cache->leak_reported;
	cache->leak_reported = nr;
	if (nr && !reported)
		first = slab_first_allocated(cache, &site);
	raw_spin_unlock(&cache->lock);
	if (nr && !reported && first)
		pagesim_report(
			PAGESIM_REPORT_LEAK, site.file, site.line, func,
			"%lu objects of %s were never freed, the first at %p, allocated at %s:%d",
			nr, cache->name, first, site.file, site.line);
	else if (nr && !reported)
		pagesim_report(PAGESIM_REPORT_LEAK, site.file, site.line, func,
			       "%lu objects of %s were never freed", nr,
			       cache->name);
	return nr;
}

unsigned long slab_cache_report(struct kmem_cache *cache, const char *func)
{
	struct slab_site site = { __FILE__, __LINE__ };

	report_cache_damage(cache, site, func);
	return report_cache_leak(cache, func);
}

unsigned long slab_caches_report(const char *func)
{
	unsigned long leaked = 0;

	for (unsigned int i = 0; i < caches.nr_used; i++)
		if (caches.slots[i].in_use)
			leaked += slab_cache_report(&caches.slots[i], func);
	return leaked;
}

/* ---- its end ---- */

static void give_all_back(struct kmem_cache *cache, struct slab_site site)
{
	struct slab_damage damage;
	struct slab *s, *later;

	do {
		later = NULL;
		raw_spin_lock(&cache->lock);
		s = list_empty(&cache->partial)
			    ? NULL
			    : list_first_entry(&cache->partial, struct slab,
					       partial);
		if (s)
			slab_give_back(cache, s, site, &damage, &later);
		raw_spin_unlock(&cache->lock);
		if (later)
			slab_give_back_by_rcu(later);
	} while (s);
}

void pagesim_kmem_cache_destroy(struct kmem_cache *cache, const char *file,
				int line)
{
	struct slab_site site = { file, line };

	if (!cache)
		return;
	might_sleep_at(file, line);
	kvfree_rcu_barrier();
	report_cache_damage(cache, site, "kmem_cache_destroy");
	if (report_cache_leak(cache, "kmem_cache_destroy"))
		return;
	give_all_back(cache, site);
	if (cache->flags & SLAB_TYPESAFE_BY_RCU)
		rcu_barrier(); /* its slabs know it */
	raw_spin_lock(&caches.lock);
	cache->in_use = false;
	raw_spin_unlock(&caches.lock);
}

/* ---- boot and shutdown ---- */

#define SLOTS_BYTES ALIGN(MAX_CACHES * sizeof(struct kmem_cache), PAGE_SIZE)

unsigned long long slab_caches_arena_size(void)
{
	return SLOTS_BYTES;
}

void slab_caches_boot(bool any)
{
	memset(&caches, 0, sizeof(caches));
	caches.booted = true;
	if (!any)
		return;
	caches.nr_slots = MAX_CACHES;
	caches.slots = arena_carve(SLOTS_BYTES, PAGE_SIZE);
}

void slab_caches_shutdown(void)
{
	caches.booted = false;
}
