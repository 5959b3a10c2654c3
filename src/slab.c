// SPDX-License-Identifier: MIT
// Floor: 1
/*
 * kmalloc() and kfree(), and their way to a cache. No report is made, and no
 * constructor called, under a lock.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <pagesim/inject.h>
#include <pagesim/might_sleep.h>
#include <pagesim/slab.h>
#include <pagesim/raw_spinlock.h>

#include "arena.h"
#include "slab.h"
#include "slab_cache.h"
#include "slab_heap.h"
#include "slab_objects.h"
#include "track.h"

static const struct {
	const char *name;
	u32 size;
} kmalloc_classes[] = {
	{ "kmalloc-8", 8 },	{ "kmalloc-16", 16 },	{ "kmalloc-32", 32 },
	{ "kmalloc-64", 64 },	{ "kmalloc-96", 96 },	{ "kmalloc-128", 128 },
	{ "kmalloc-192", 192 }, { "kmalloc-256", 256 }, { "kmalloc-512", 512 },
	{ "kmalloc-1k", 1024 }, { "kmalloc-2k", 2048 }, { "kmalloc-4k", 4096 },
	{ "kmalloc-8k", 8192 },
};

/* Of (size - 1) / 8, up to 192 bytes. */
static const u8 small_class[] = { 0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4,
				  5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6 };

#define NR_CLASSES ARRAY_SIZE(kmalloc_classes)

static struct {
	bool booted;
	struct kmem_cache caches[NR_CLASSES];
	struct kmem_cache large;
} kmem;

/* ---- reports: no lock ---- */

static void report_free(const struct slab_verdict *verdict, const void *address,
			const struct kmem_cache *wanted, struct slab_site site,
			const char *func)
{
	if (verdict->wrong == FREE_TWICE)
		pagesim_report(PAGESIM_REPORT_DOUBLE_FREE, site.file, site.line,
			       func, "%s object %p was freed before, at %s:%d",
			       verdict->name, address, verdict->freed.file,
			       verdict->freed.line);
	if (verdict->wrong == FREE_INSIDE)
		pagesim_report(PAGESIM_REPORT_BUG_ON, site.file, site.line,
			       func, "%s(%p): %zu bytes into an object of %s",
			       func, address, verdict->offset, verdict->name);
	if (verdict->wrong == FREE_NEVER)
		pagesim_report(PAGESIM_REPORT_BUG_ON, site.file, site.line,
			       func, "%s(%p): was never allocated", func,
			       address);
	if (verdict->other_cache)
		pagesim_report(PAGESIM_REPORT_WARN, site.file, site.line, func,
			       "%s(%p): of cache %s, not %s", func, address,
			       verdict->name, wanted->name);
	if (verdict->damage.object)
		slab_report_damage(&verdict->damage, site, func);
}

/* ---- allocation ---- */

/*
 * Before its new owner sees it. What was asked for becomes accessible, of a
 * SLAB_TYPESAFE_BY_RCU object that was freed it still is.
 */
static void hand_out(struct kmem_cache *cache,
		     const struct slab_allocation *got, size_t size)
{
	if (slab_checks() && got->fresh && slab_poisons(cache)) {
		track_mem_undefined(got->object, got->size);
		slab_poison(got->object, cache->object_size);
		track_mem_noaccess(got->object, got->size);
	}
	if (slab_checks()) {
		if (got->fresh || !slab_keeps_contents(cache))
			track_mem_undefined(got->object, size);
		else if (!(cache->flags & SLAB_TYPESAFE_BY_RCU))
			track_mem_defined(got->object, size);
	}
	if (got->fresh && cache->ctor)
		cache->ctor(got->object);
}

static void *slab_alloc(struct kmem_cache *cache, gfp_t gfp, size_t size,
			struct slab_site site, const char *func)
{
	struct slab_allocation got = { 0 };
	unsigned int order = cache->size ? cache->order : slab_order_of(size);

	if (gfpflags_allow_blocking(gfp))
		might_sleep_at(site.file, site.line);
	if (!(gfp & __GFP_NOFAIL) && pagesim_should_fail())
		return NULL;
	do {
		got.damage.object = NULL;
		raw_spin_lock(&cache->lock);
		slab_take_object(cache, order, site, &got);
		raw_spin_unlock(&cache->lock);
		/* Mended and still free: if the handler returns, try again. */
		if (unlikely(got.damage.object))
			slab_report_damage(&got.damage, site, func);
	} while (unlikely(got.damage.object));
	if (unlikely(!got.object)) {
		if (gfp & __GFP_NOFAIL)
			pagesim_report(PAGESIM_REPORT_BUG_ON, site.file,
				       site.line, func,
				       "%s(%zu, __GFP_NOFAIL): heap is full",
				       func, size);
		return NULL;
	}
	hand_out(cache, &got, size);
	if (gfp & __GFP_ZERO)
		memset(got.object, 0, size);
	return got.object;
}

static struct kmem_cache *kmalloc_cache(size_t size)
{
	if (size <= 192)
		return &kmem.caches[small_class[(size - 1) / 8]];
	if (size <= KMALLOC_MAX_CACHE_SIZE)
		/* 256 is number 7 */
		return &kmem.caches[64 - __builtin_clzl(size - 1) - 1];
	return &kmem.large;
}

void *pagesim_kmalloc(size_t size, gfp_t gfp, const char *file, int line)
{
	struct slab_site site = { file, line };

	BUG_ON(!kmem.booted);
	if (unlikely(!size))
		return ZERO_SIZE_PTR;
	if (unlikely(size > KMALLOC_MAX_SIZE)) {
		WARN_ON_ONCE(!(gfp & __GFP_NOWARN));
		return NULL;
	}
	return slab_alloc(kmalloc_cache(size), gfp, size, site, "kmalloc");
}

void *pagesim_kcalloc(size_t n, size_t size, gfp_t gfp, const char *file,
		      int line)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes)))
		return NULL;
	return pagesim_kmalloc(bytes, gfp | __GFP_ZERO, file, line);
}

void *pagesim_kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp,
			       const char *file, int line)
{
	struct slab_site site = { file, line };

	WARN_ON_ONCE(cache->ctor && gfp & __GFP_ZERO);
	return slab_alloc(cache, gfp, cache->object_size, site,
			  "kmem_cache_alloc");
}

/* ---- free ---- */

/* The page is in no slab: it may have been, and all of it was freed. */
static void judge_free_page(struct slab *s, struct slab_verdict *verdict)
{
	verdict->wrong = s && slab_page_freed(s, verdict->name, &verdict->freed)
				 ? FREE_TWICE
				 : FREE_NEVER;
}

static void slab_free(struct kmem_cache *wanted, const void *address,
		      struct slab_site site, const char *func)
{
	struct slab_verdict verdict;
	struct kmem_cache *cache;
	struct slab *s;
	bool done;

	verdict.wrong = FREE_FINE;
	verdict.damage.object = NULL;
	verdict.later = NULL;
	do {
		s = slab_of(address);
		cache = s ? READ_ONCE(s->cache) : NULL;
		if (unlikely(!cache)) {
			judge_free_page(s, &verdict);
			break;
		}
		raw_spin_lock(&cache->lock);
		done = slab_free_object(cache, s, address, site, &verdict);
		raw_spin_unlock(&cache->lock);
	} while (unlikely(!done));
	if (unlikely(verdict.later))
		slab_give_back_by_rcu(verdict.later);
	verdict.other_cache = slab_checks() && wanted && wanted != cache &&
			      !verdict.wrong;
	report_free(&verdict, address, wanted, site, func);
}

static bool zero_or_null(const void *object)
{
	return (uintptr_t)object <= (uintptr_t)ZERO_SIZE_PTR;
}

void pagesim_kfree(const void *object, const char *file, int line)
{
	struct slab_site site = { file, line };

	if (!unlikely(zero_or_null(object)))
		slab_free(NULL, object, site, "kfree");
}

#undef kfree
void kfree(const void *object)
{
	pagesim_kfree(object, "a pointer to kfree()", 0);
}

void pagesim_kmem_cache_free(struct kmem_cache *cache, void *object,
			     const char *file, int line)
{
	struct slab_site site = { file, line };

	slab_free(cache, object, site, "kmem_cache_free");
}

size_t ksize(const void *object)
{
	const struct slab *s = slab_of(object);
	const struct kmem_cache *cache = s ? READ_ONCE(s->cache) : NULL;

	if (zero_or_null(object))
		return 0;
	if (WARN_ON(!cache))
		return 0;
	return cache->object_size ? cache->object_size : s->size;
}

/* ---- boot and shutdown ---- */

unsigned long long slab_arena_size(unsigned long long bytes)
{
	if (!bytes)
		return 0;
	return slab_caches_arena_size() + slab_objects_arena_size(bytes) +
	       slab_heap_arena_size(bytes);
}

void slab_boot(unsigned long long bytes)
{
	memset(&kmem, 0, sizeof(kmem));
	slab_caches_boot(bytes);
	slab_objects_boot(bytes);
	slab_heap_boot(bytes);
	/* The class's alignment is the largest power of two that divides it. */
	for (size_t i = 0; i < NR_CLASSES; i++) {
		u32 size = kmalloc_classes[i].size;

		slab_cache_init(&kmem.caches[i], kmalloc_classes[i].name, size,
				size & -size, 0, NULL);
	}
	slab_cache_init(&kmem.large, "kmalloc-large", 0, 0, 0, NULL);
	kmem.booted = true;
}

static void report_heap_damage(struct slab_site site)
{
	struct slab_damage damage;

	do {
		damage.object = NULL;
		if (slab_heap_find_damage(&damage))
			slab_report_damage(&damage, site, "pagesim_shutdown");
	} while (damage.object);
}

unsigned long slab_report_leaks(void)
{
	struct slab_site site = { __FILE__, __LINE__ };
	unsigned long leaked = 0;

	report_heap_damage(site);
	for (size_t i = 0; i < NR_CLASSES; i++)
		leaked +=
			slab_cache_report(&kmem.caches[i], "pagesim_shutdown");
	leaked += slab_cache_report(&kmem.large, "pagesim_shutdown");
	return leaked + slab_caches_report("pagesim_shutdown");
}

void slab_shutdown(void)
{
	slab_heap_shutdown();
	slab_caches_shutdown();
	kmem.booted = false;
}
