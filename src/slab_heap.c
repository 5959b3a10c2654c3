// SPDX-License-Identifier: MIT
// Floor: 1
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <pagesim/slab.h>
#include <pagesim/raw_spinlock.h>

#include "arena.h"
#include "slab_heap.h"
#include "track.h"

#define POISON_FREE 0x6b
#define POISON_END 0xa5

static struct {
	raw_spinlock_t lock; /* nests inside of a cache's */
	char *base;
	unsigned long nr_pages;
	struct slab *slabs;
	unsigned long first_free; /* no page below is free */
	unsigned long high; /* no page from here on was ever taken */
} heap;

/* ---- poison ---- */

/* The explorer sees who uses what is free; to it this would be a use, too. */
#ifdef PAGESIM_EXPLORE
void slab_poison(void *start __maybe_unused, size_t size __maybe_unused)
{
}

bool slab_poison_check(void *start __maybe_unused, size_t size __maybe_unused,
		       const char *name __maybe_unused,
		       struct slab_damage *damage __maybe_unused)
{
	return true;
}
#else
void slab_poison(void *start, size_t size)
{
	u8 *bytes = start;

	memset(bytes, POISON_FREE, size - 1);
	bytes[size - 1] = POISON_END;
}

/* Each byte equals the next one: one fast comparison. */
static bool poison_is_whole(const u8 *bytes, size_t size)
{
	if (bytes[size - 1] != POISON_END)
		return false;
	if (size == 1)
		return true;
	return bytes[0] == POISON_FREE && !memcmp(bytes, bytes + 1, size - 2);
}

bool slab_poison_check(void *start, size_t size, const char *name,
		       struct slab_damage *damage)
{
	u8 *bytes = start;
	size_t i = 0;

	if (likely(poison_is_whole(bytes, size)))
		return true;
	while (i < size - 1 && bytes[i] == POISON_FREE)
		i++;
	damage->object = start;
	damage->size = size;
	damage->offset = i;
	damage->found = bytes[i];
	snprintf(damage->name, sizeof(damage->name), "%s", name);
	slab_poison(start, size);
	return false;
}
#endif

/* ---- addresses ---- */

struct slab *slab_of(const void *address)
{
	size_t offset = (size_t)((uintptr_t)address - (uintptr_t)heap.base);
	struct slab *slab;

	if (unlikely(offset >= heap.nr_pages << PAGE_SHIFT))
		return NULL;
	slab = &heap.slabs[offset >> PAGE_SHIFT];
	return slab - READ_ONCE(slab->offset);
}

unsigned long slab_page_index(const struct slab *slab)
{
	return (unsigned long)(slab - heap.slabs);
}

struct slab *slab_of_page(unsigned long index)
{
	return &heap.slabs[index];
}

void *slab_address(const struct slab *slab)
{
	return heap.base + (slab_page_index(slab) << PAGE_SHIFT);
}

unsigned long slab_heap_pages(void)
{
	return heap.nr_pages;
}

unsigned long slab_heap_high_pages(void)
{
	return READ_ONCE(heap.high);
}

/* ---- runs of pages; static functions under the heap's lock ---- */

static bool run_is_free(unsigned long first, unsigned long nr)
{
	for (unsigned long i = first; i < first + nr; i++)
		if (heap.slabs[i].taken)
			return false;
	return true;
}

static struct slab *find_run(unsigned long nr)
{
	unsigned long i = ALIGN(heap.first_free, nr);

	for (; i + nr <= heap.nr_pages; i += nr)
		if (run_is_free(i, nr))
			return &heap.slabs[i];
	return NULL;
}

/* Returns true if the free page is as it was left. */
static bool check_page(struct slab *page, struct slab_damage *damage)
{
	void *address = slab_address(page);

	if (!page->poisoned)
		return true;
	track_mem_defined(address, PAGE_SIZE);
	if (!slab_poison_check(address, PAGE_SIZE, page->freed_name, damage))
		damage->freed = page->freed;
	track_mem_noaccess(address, PAGE_SIZE);
	return !damage->object;
}

static void mark_taken(struct slab *slab, unsigned long nr)
{
	unsigned long first = slab_page_index(slab);

	for (unsigned long i = 0; i < nr; i++) {
		slab[i].taken = true;
		slab[i].poisoned = false;
		WRITE_ONCE(slab[i].offset, (u32)i);
	}
	if (first == heap.first_free)
		heap.first_free = first + nr;
	if (first + nr > heap.high)
		WRITE_ONCE(heap.high, first + nr);
}

struct slab *slab_heap_take(unsigned int order, struct slab_damage *damage)
{
	unsigned long nr = 1UL << order;
	struct slab *slab;

	raw_spin_lock(&heap.lock);
	slab = find_run(nr);
	for (unsigned long i = 0; slab && i < nr; i++)
		if (unlikely(!check_page(slab + i, damage)))
			slab = NULL;
	if (slab) {
		mark_taken(slab, nr);
		slab->order = order;
	}
	raw_spin_unlock(&heap.lock);
	if (slab && slab_checks())
		track_mem_noaccess(slab_address(slab), nr << PAGE_SHIFT);
	return slab;
}

/* The run is still the caller's: no lock. */
static void poison_run(struct slab *slab)
{
	unsigned long nr = 1UL << slab->order;
	char *address = slab_address(slab);

	track_mem_undefined(address, nr << PAGE_SHIFT);
	for (unsigned long i = 0; i < nr; i++)
		slab_poison(address + (i << PAGE_SHIFT), PAGE_SIZE);
	track_mem_noaccess(address, nr << PAGE_SHIFT);
}

void slab_heap_give_back(struct slab *slab, const char *name,
			 struct slab_site site)
{
	unsigned long first = slab_page_index(slab);
	bool checks = slab_checks();

	if (checks)
		poison_run(slab);
	raw_spin_lock(&heap.lock);
	/* With what slab_page_freed() says: a second free finds one of both. */
	WRITE_ONCE(slab->cache, (struct kmem_cache *)NULL);
	for (unsigned long i = 0; i < 1UL << slab->order; i++) {
		WRITE_ONCE(slab[i].offset, 0U);
		slab[i].taken = false;
		slab[i].poisoned = checks;
		slab[i].freed_name = name;
		slab[i].freed = site;
	}
	if (first < heap.first_free)
		heap.first_free = first;
	raw_spin_unlock(&heap.lock);
}

bool slab_heap_find_damage(struct slab_damage *damage)
{
	bool whole = true;

	raw_spin_lock(&heap.lock);
	for (unsigned long i = 0; whole && i < heap.high; i++)
		whole = check_page(&heap.slabs[i], damage);
	raw_spin_unlock(&heap.lock);
	return !whole;
}

bool slab_page_freed(struct slab *slab, char name[32], struct slab_site *site)
{
	bool freed;

	raw_spin_lock(&heap.lock);
	freed = slab->poisoned;
	if (freed) {
		snprintf(name, 32, "%s", slab->freed_name);
		*site = slab->freed;
	}
	raw_spin_unlock(&heap.lock);
	return freed;
}

/* ---- boot ---- */

static unsigned long long table_bytes(unsigned long long bytes)
{
	return ALIGN((bytes >> PAGE_SHIFT) * sizeof(struct slab), PAGE_SIZE);
}

/* With the most that aligning the heap may lose. */
unsigned long long slab_heap_arena_size(unsigned long long bytes)
{
	bytes = ALIGN(bytes, PAGE_SIZE);
	return bytes ? table_bytes(bytes) + KMALLOC_MAX_SIZE + bytes : 0;
}

void slab_heap_boot(unsigned long long bytes)
{
	memset(&heap, 0, sizeof(heap));
	bytes = ALIGN(bytes, PAGE_SIZE);
	if (!bytes)
		return;
	heap.nr_pages = bytes >> PAGE_SHIFT;
	heap.slabs = arena_carve(table_bytes(bytes), PAGE_SIZE);
	heap.base = arena_carve(bytes, KMALLOC_MAX_SIZE);
	arena_advise(heap.base, bytes, false);
}

/* The host may put anything where the heap was. */
void slab_heap_shutdown(void)
{
	if (heap.high && slab_checks())
		track_mem_defined(heap.base, heap.high << PAGE_SHIFT);
	memset(&heap, 0, sizeof(heap));
}
