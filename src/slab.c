// SPDX-License-Identifier: MIT
// Floor: 1
/*
 * In this file: a slab is a run of pages cut into objects of one cache, index
 * the number of an object in its slab. Slabs with an object to give are on
 * their cache's list partial, the full ones on none. Sections say which lock
 * they run under. No report is made, and no constructor called, under one.
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
#include "slab_heap.h"
#include "track.h"

#define MAX_CACHES 512
#define MIN_PARTIAL 5 /* empty slabs that a cache keeps, the kernel's least */
#define MAX_SLAB_ORDER 3
#define CACHE_LINE 64
#define MIN_ALIGN 8
#define OBJECTS_PER_PAGE (PAGE_SIZE / MIN_ALIGN)

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

enum object_state {
	NEVER_ALLOCATED,
	ALLOCATED,
	FREED
};

/* What is known of an object, not in it: the cache's lock. */
struct object {
	const char *file; /* of its allocation, or its free */
	u32 line;
	u16 next; /* free one of the slab */
	u8 state;
};

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
	raw_spinlock_t lock; /* which slot is in use */
	unsigned int next_slot, nr_slots, nr_used;
	struct kmem_cache *slots; /* in the arena: 0 is an unlocked lock */
	struct object *objects; /* OBJECTS_PER_PAGE for each page */
	struct kmem_cache kmalloc[NR_CLASSES];
	struct kmem_cache large;
} kmem;

/* ---- what a cache is ---- */

/* Freed objects keep their contents. */
static bool keeps_contents(const struct kmem_cache *cache)
{
	return cache->ctor || cache->flags & SLAB_TYPESAFE_BY_RCU;
}

/* kmalloc-large's objects are whole runs, which the heap looks after. */
static bool poisons(const struct kmem_cache *cache)
{
	return slab_checks() && !keeps_contents(cache) && cache != &kmem.large;
}

/* How many empty slabs it keeps from the heap. */
static unsigned int keeps_empty(const struct kmem_cache *cache)
{
	/*
	 * With RCU: give a slab back a grace period after its last object was
	 * freed, by a callback, instead of never.
	 */
	if (cache->flags & SLAB_TYPESAFE_BY_RCU)
		return ~0U;
	return cache == &kmem.large ? 0 : MIN_PARTIAL;
}

static unsigned int order_of(size_t size)
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
	return align > MIN_ALIGN ? align : MIN_ALIGN;
}

/* The lock is not touched: who frees wrongly may just take it. */
static void init_cache(struct kmem_cache *cache, const char *name, u32 size,
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
	cache->min_order = order_of(align > size ? align : size);
	cache->order = size ? slab_order(cache->size, cache->min_order) : 0;
	cache->flags = flags;
	cache->ctor = ctor;
	cache->in_use = true;
}

/* ---- objects of a slab; under the cache's lock ---- */

static void *object_address(const struct slab *s, unsigned int index)
{
	return (char *)slab_address(s) + (size_t)index * s->size;
}

static struct object *object_of(const struct slab *s, unsigned int index)
{
	return &kmem.objects[slab_page_index(s) * OBJECTS_PER_PAGE + index];
}

static void note_object(struct object *object, enum object_state state,
			struct slab_site site)
{
	if (!slab_checks())
		return;
	object->state = state;
	object->file = site.file;
	object->line = (u32)site.line;
}

/* Of a freed object. Returns true if it is as it was left. */
static bool check_object(struct kmem_cache *cache, struct slab *s,
			 unsigned int index, struct slab_damage *damage)
{
	const struct object *object = object_of(s, index);
	void *address = object_address(s, index);
	bool whole;

	track_mem_defined(address, cache->object_size);
	whole = slab_poison_check(address, cache->object_size, cache->name,
				  damage);
	track_mem_noaccess(address, s->size);
	if (!whole)
		damage->freed =
			(struct slab_site){ object->file, (int)object->line };
	return whole;
}

static bool check_slab(struct kmem_cache *cache, struct slab *s,
		       struct slab_damage *damage)
{
	unsigned int index;

	if (!poisons(cache))
		return true;
	for (index = s->free; index != SLAB_NO_OBJECT;
	     index = object_of(s, index)->next)
		if (!check_object(cache, s, index, damage))
			return false;
	return true;
}

/* Full slabs have nothing that was freed. */
static bool check_cache(struct kmem_cache *cache, struct slab_damage *damage)
{
	struct slab *s;

	list_for_each_entry(s, &cache->partial, partial)
		if (!check_slab(cache, s, damage))
			return false;
	return true;
}

/* ---- allocation; under the cache's lock ---- */

struct allocation {
	void *object; /* NULL: none, or damage was found */
	size_t size; /* that it takes */
	bool fresh; /* not handed out before */
	struct slab_damage damage;
};

static struct slab *new_slab(struct kmem_cache *cache, unsigned int order,
			     struct slab_damage *damage)
{
	struct slab *s = slab_heap_take(order, damage);
	size_t bytes;

	if (!s && !damage->object && cache->size && cache->min_order < order)
		s = slab_heap_take(cache->min_order, damage);
	if (!s)
		return NULL;
	bytes = PAGE_SIZE << s->order;
	s->size = cache->size ? cache->size : (u32)bytes;
	s->nr = (u16)(bytes / s->size);
	s->inuse = 0;
	s->fresh = 0;
	s->free = SLAB_NO_OBJECT;
	list_add(&s->partial, &cache->partial);
	cache->nr_empty++;
	WRITE_ONCE(s->cache, cache);
	return s;
}

/* The object freed last, or the next new one. False if that was damaged. */
static bool pop_object(struct kmem_cache *cache, struct slab *s,
		       unsigned int *index, struct allocation *got)
{
	*index = s->free;
	if (*index == SLAB_NO_OBJECT) {
		*index = s->fresh++;
		got->fresh = true;
		return true;
	}
	if (poisons(cache) && !check_object(cache, s, *index, &got->damage))
		return false;
	s->free = object_of(s, *index)->next;
	return true;
}

static void take_object(struct kmem_cache *cache, unsigned int order,
			struct slab_site site, struct allocation *got)
{
	unsigned int index;
	struct slab *s;

	if (list_empty(&cache->partial))
		s = new_slab(cache, order, &got->damage);
	else
		s = list_first_entry(&cache->partial, struct slab, partial);
	if (!s || !pop_object(cache, s, &index, got))
		return;
	if (!s->inuse++)
		cache->nr_empty--;
	if (s->inuse == s->nr)
		list_del(&s->partial);
	cache->nr_allocated++;
	note_object(object_of(s, index), ALLOCATED, site);
	got->object = object_address(s, index);
	got->size = s->size;
}

/* ---- free; under the cache's lock ---- */

/* Returns false, and keeps the slab, if its free objects were changed. */
static bool give_back(struct kmem_cache *cache, struct slab *s,
		      struct slab_site site, struct slab_damage *damage)
{
	if (!check_slab(cache, s, damage))
		return false;
	list_del(&s->partial);
	cache->nr_empty--;
	slab_heap_give_back(s, cache->name, site);
	return true;
}

static void fill_freed(struct kmem_cache *cache, const struct slab *s,
		       unsigned int index)
{
	void *address = object_address(s, index);

	if (poisons(cache)) {
		track_mem_undefined(address, s->size);
		slab_poison(address, cache->object_size);
	}
	if (slab_checks() && !(cache->flags & SLAB_TYPESAFE_BY_RCU))
		track_mem_noaccess(address, s->size);
}

static void put_object(struct kmem_cache *cache, struct slab *s,
		       unsigned int index, struct slab_site site,
		       struct slab_damage *damage)
{
	struct object *object = object_of(s, index);

	fill_freed(cache, s, index);
	note_object(object, FREED, site);
	object->next = s->free;
	s->free = (u16)index;
	if (s->inuse-- == s->nr)
		list_add(&s->partial, &cache->partial);
	cache->nr_allocated--;
	if (!s->inuse && ++cache->nr_empty > keeps_empty(cache))
		give_back(cache, s, site, damage);
}

/* ---- reports: no lock ---- */

static void report_damage(const struct slab_damage *damage,
			  struct slab_site site, const char *func)
{
	pagesim_report(
		PAGESIM_REPORT_USE_AFTER_FREE, site.file, site.line, func,
		"%s object %p of %zu bytes: byte %zu was changed to 0x%02x after the free at %s:%d",
		damage->name, damage->object, damage->size, damage->offset,
		damage->found, damage->freed.file, damage->freed.line);
}

enum wrong_free {
	FREE_FINE,
	FREE_TWICE,
	FREE_INSIDE,
	FREE_NEVER
};

/* What has to be said about a free. */
struct verdict {
	enum wrong_free wrong;
	char name[32]; /* of the cache */
	size_t offset; /* into the object */
	struct slab_site freed; /* the first time */
	bool other_cache;
	struct slab_damage damage;
};

static void report_free(const struct verdict *verdict, const void *address,
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
		report_damage(&verdict->damage, site, func);
}

/* ---- allocation ---- */

/*
 * Before its new owner sees it. What was asked for becomes accessible, of a
 * SLAB_TYPESAFE_BY_RCU object that was freed it still is.
 */
static void hand_out(struct kmem_cache *cache, const struct allocation *got,
		     size_t size)
{
	if (slab_checks() && got->fresh && poisons(cache)) {
		track_mem_undefined(got->object, got->size);
		slab_poison(got->object, cache->object_size);
		track_mem_noaccess(got->object, got->size);
	}
	if (slab_checks()) {
		if (got->fresh || !keeps_contents(cache))
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
	struct allocation got = { 0 };
	unsigned int order = cache->size ? cache->order : order_of(size);

	if (gfpflags_allow_blocking(gfp))
		might_sleep_at(site.file, site.line);
	if (!(gfp & __GFP_NOFAIL) && pagesim_should_fail())
		return NULL;
	do {
		got.damage.object = NULL;
		raw_spin_lock(&cache->lock);
		take_object(cache, order, site, &got);
		raw_spin_unlock(&cache->lock);
		/* Mended and still free: if the handler returns, try again. */
		if (unlikely(got.damage.object))
			report_damage(&got.damage, site, func);
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
		return &kmem.kmalloc[small_class[(size - 1) / 8]];
	if (size <= KMALLOC_MAX_CACHE_SIZE)
		/* 256 is number 7 */
		return &kmem.kmalloc[64 - __builtin_clzl(size - 1) - 1];
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
static void judge_free_page(struct slab *s, struct verdict *verdict)
{
	verdict->wrong = s && slab_page_freed(s, verdict->name, &verdict->freed)
				 ? FREE_TWICE
				 : FREE_NEVER;
}

/* Under the cache's lock; offset into the slab. */
static void judge(const struct kmem_cache *cache, const struct slab *s,
		  size_t offset, struct verdict *verdict)
{
	unsigned int index = (unsigned int)(offset / s->size);
	const struct object *object = object_of(s, index);

	snprintf(verdict->name, sizeof(verdict->name), "%s", cache->name);
	verdict->offset = offset % s->size;
	if (index >= s->fresh)
		verdict->wrong = FREE_NEVER;
	else if (verdict->offset)
		verdict->wrong = FREE_INSIDE;
	else if (object->state == FREED)
		verdict->wrong = FREE_TWICE;
	else
		return;
	verdict->freed = (struct slab_site){ object->file, (int)object->line };
}

/*
 * Under the cache's lock, so that of two frees of one object the second sees
 * the first. Returns false if the slab was given back before it was taken.
 */
static bool free_to(struct kmem_cache *cache, struct slab *s,
		    const void *address, struct slab_site site,
		    struct verdict *verdict)
{
	size_t offset =
		(size_t)((uintptr_t)address - (uintptr_t)slab_address(s));

	if (unlikely(READ_ONCE(s->cache) != cache))
		return false;
	if (slab_checks())
		judge(cache, s, offset, verdict);
	if (!verdict->wrong)
		put_object(cache, s, (unsigned int)(offset / s->size), site,
			   &verdict->damage);
	return true;
}

static void slab_free(struct kmem_cache *wanted, const void *address,
		      struct slab_site site, const char *func)
{
	struct verdict verdict;
	struct kmem_cache *cache;
	struct slab *s;
	bool done;

	verdict.wrong = FREE_FINE;
	verdict.damage.object = NULL;
	do {
		s = slab_of(address);
		cache = s ? READ_ONCE(s->cache) : NULL;
		if (unlikely(!cache)) {
			judge_free_page(s, &verdict);
			break;
		}
		raw_spin_lock(&cache->lock);
		done = free_to(cache, s, address, site, &verdict);
		raw_spin_unlock(&cache->lock);
	} while (unlikely(!done));
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

/* ---- caches ---- */

/*
 * Round and round, so that the name of one that was destroyed stays for
 * reports about its pages. A lock that a slot's last cache had is free.
 */
static struct kmem_cache *find_slot(void)
{
	for (unsigned int i = 0; i < kmem.nr_slots; i++) {
		unsigned int slot = kmem.next_slot++ % kmem.nr_slots;

		if (kmem.slots[slot].in_use)
			continue;
		if (slot >= kmem.nr_used)
			kmem.nr_used = slot + 1;
		return &kmem.slots[slot];
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

	BUG_ON(!kmem.booted);
	if (!WARN_ON(!cache_can_be(name, size, align))) {
		raw_spin_lock(&kmem.lock);
		cache = find_slot();
		if (cache)
			init_cache(cache, name, size, align, flags, ctor);
		raw_spin_unlock(&kmem.lock);
		WARN_ON(!cache && kmem.nr_slots);
	}
	BUG_ON(!cache && flags & SLAB_PANIC);
	return cache;
}

unsigned int kmem_cache_size(const struct kmem_cache *cache)
{
	return cache->object_size;
}

/* Context: nobody allocates from the cache. */
static void report_cache_damage(struct kmem_cache *cache, struct slab_site site,
				const char *func)
{
	struct slab_damage damage;

	do {
		damage.object = NULL;
		raw_spin_lock(&cache->lock);
		check_cache(cache, &damage);
		raw_spin_unlock(&cache->lock);
		if (damage.object)
			report_damage(&damage, site, func);
	} while (damage.object);
}

/* Fills site; NULL if that was not written down. */
static void *first_allocated(struct kmem_cache *cache, struct slab_site *site)
{
	if (!slab_checks())
		return NULL;
	for (unsigned long i = 0; i < slab_heap_high_pages(); i++) {
		const struct slab *s = slab_of_page(i);

		if (READ_ONCE(s->cache) != cache)
			continue;
		for (unsigned int index = 0; index < s->fresh; index++) {
			const struct object *object = object_of(s, index);

			if (object->state != ALLOCATED)
				continue;
			site->file = object->file;
			site->line = (int)object->line;
			return object_address(s, index);
		}
	}
	return NULL;
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
		first = first_allocated(cache, &site);
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

void pagesim_kmem_cache_destroy(struct kmem_cache *cache, const char *file,
				int line)
{
	struct slab_site site = { file, line };
	struct slab_damage damage;

	if (!cache)
		return;
	report_cache_damage(cache, site, "kmem_cache_destroy");
	if (report_cache_leak(cache, "kmem_cache_destroy"))
		return;
	/*
	 * With RCU: SLAB_TYPESAFE_BY_RCU waits here for the callbacks that
	 * give its slabs back, as the kernel does by rcu_barrier().
	 */
	raw_spin_lock(&cache->lock);
	while (!list_empty(&cache->partial))
		give_back(cache,
			  list_first_entry(&cache->partial, struct slab,
					   partial),
			  site, &damage);
	raw_spin_unlock(&cache->lock);
	raw_spin_lock(&kmem.lock);
	cache->in_use = false;
	raw_spin_unlock(&kmem.lock);
}

/* ---- boot and shutdown ---- */

static unsigned long long objects_bytes(unsigned long long bytes)
{
	return ALIGN(bytes, PAGE_SIZE) / MIN_ALIGN * sizeof(struct object);
}

#define SLOTS_BYTES ALIGN(MAX_CACHES * sizeof(struct kmem_cache), PAGE_SIZE)

unsigned long long slab_arena_size(unsigned long long bytes)
{
	if (!bytes)
		return 0;
	return SLOTS_BYTES + objects_bytes(bytes) + slab_heap_arena_size(bytes);
}

void slab_boot(unsigned long long bytes)
{
	memset(&kmem, 0, sizeof(kmem));
	if (bytes) {
		kmem.nr_slots = MAX_CACHES;
		kmem.slots = arena_carve(SLOTS_BYTES, PAGE_SIZE);
		kmem.objects = arena_carve(objects_bytes(bytes), PAGE_SIZE);
		arena_advise(kmem.objects, objects_bytes(bytes), false);
	}
	slab_heap_boot(bytes);
	/* The class's alignment is the largest power of two that divides it. */
	for (size_t i = 0; i < NR_CLASSES; i++) {
		u32 size = kmalloc_classes[i].size;

		init_cache(&kmem.kmalloc[i], kmalloc_classes[i].name, size,
			   size & -size, 0, NULL);
	}
	init_cache(&kmem.large, "kmalloc-large", 0, 0, 0, NULL);
	kmem.booted = true;
}

static void report_heap_damage(struct slab_site site)
{
	struct slab_damage damage;

	do {
		damage.object = NULL;
		if (slab_heap_find_damage(&damage))
			report_damage(&damage, site, "pagesim_shutdown");
	} while (damage.object);
}

static void report_caches(struct kmem_cache *caches, size_t nr,
			  unsigned long *leaked)
{
	struct slab_site site = { __FILE__, __LINE__ };

	for (size_t i = 0; i < nr; i++) {
		if (!caches[i].in_use)
			continue;
		report_cache_damage(&caches[i], site, "pagesim_shutdown");
		*leaked += report_cache_leak(&caches[i], "pagesim_shutdown");
	}
}

unsigned long slab_report_leaks(void)
{
	struct slab_site site = { __FILE__, __LINE__ };
	unsigned long leaked = 0;

	report_heap_damage(site);
	report_caches(kmem.kmalloc, NR_CLASSES, &leaked);
	report_caches(&kmem.large, 1, &leaked);
	report_caches(kmem.slots, kmem.nr_used, &leaked);
	return leaked;
}

void slab_shutdown(void)
{
	slab_heap_shutdown();
	kmem.booted = false;
}
