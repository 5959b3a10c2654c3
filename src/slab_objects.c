// SPDX-License-Identifier: MIT
// Floor: 1
/*
 * In this file: a slab is a run of pages cut into objects of one cache, index
 * the number of an object in its slab. Slabs with an object to give are on
 * their cache's list partial, the full ones on none.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <pagesim/rcupdate.h>

#include "arena.h"
#include "slab_cache.h"
#include "slab_heap.h"
#include "slab_objects.h"
#include "track.h"

#define OBJECTS_PER_PAGE (PAGE_SIZE / SLAB_MIN_ALIGN)

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

static struct object *objects; /* OBJECTS_PER_PAGE for each page */

/* ---- objects of a slab ---- */

static void *object_address(const struct slab *s, unsigned int index)
{
	return (char *)slab_address(s) + (size_t)index * s->size;
}

static struct object *object_of(const struct slab *s, unsigned int index)
{
	return &objects[slab_page_index(s) * OBJECTS_PER_PAGE + index];
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

	if (!slab_poisons(cache))
		return true;
	for (index = s->free; index != SLAB_NO_OBJECT;
	     index = object_of(s, index)->next)
		if (!check_object(cache, s, index, damage))
			return false;
	return true;
}

bool slab_objects_check(struct kmem_cache *cache, struct slab_damage *damage)
{
	struct slab *s;

	list_for_each_entry(s, &cache->partial, partial)
		if (!check_slab(cache, s, damage))
			return false;
	return true;
}

/* ---- allocation ---- */

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
		       unsigned int *index, struct slab_allocation *got)
{
	*index = s->free;
	if (*index == SLAB_NO_OBJECT) {
		*index = s->fresh++;
		got->fresh = true;
		return true;
	}
	if (slab_poisons(cache) &&
	    !check_object(cache, s, *index, &got->damage))
		return false;
	s->free = object_of(s, *index)->next;
	return true;
}

void slab_take_object(struct kmem_cache *cache, unsigned int order,
		      struct slab_site site, struct slab_allocation *got)
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

/* ---- free ---- */

bool slab_give_back(struct kmem_cache *cache, struct slab *s,
		    struct slab_site site, struct slab_damage *damage,
		    struct slab **later)
{
	if (!check_slab(cache, s, damage))
		return false;
	list_del(&s->partial);
	cache->nr_empty--;
	if (cache->flags & SLAB_TYPESAFE_BY_RCU) {
		s->freed = site;
		*later = s;
	} else {
		slab_heap_give_back(s, cache->name, site);
	}
	return true;
}

/* Its cache is there still: kmem_cache_destroy() waits. */
static void give_back_now(struct rcu_head *head)
{
	struct slab *s = container_of(head, struct slab, rcu);

	slab_heap_give_back(s, READ_ONCE(s->cache)->name, s->freed);
}

void slab_give_back_by_rcu(struct slab *s)
{
	pagesim_call_rcu(&s->rcu, give_back_now, s->freed.file, s->freed.line);
}

static void fill_freed(struct kmem_cache *cache, const struct slab *s,
		       unsigned int index)
{
	void *address = object_address(s, index);

	if (slab_poisons(cache)) {
		track_mem_undefined(address, s->size);
		slab_poison(address, cache->object_size);
	}
	if (slab_checks() && !(cache->flags & SLAB_TYPESAFE_BY_RCU))
		track_mem_noaccess(address, s->size);
}

static void put_object(struct kmem_cache *cache, struct slab *s,
		       unsigned int index, struct slab_site site,
		       struct slab_verdict *verdict)
{
	struct object *object = object_of(s, index);

	fill_freed(cache, s, index);
	note_object(object, FREED, site);
	object->next = s->free;
	s->free = (u16)index;
	if (s->inuse-- == s->nr)
		list_add(&s->partial, &cache->partial);
	cache->nr_allocated--;
	if (!s->inuse && ++cache->nr_empty > slab_keeps_empty(cache))
		slab_give_back(cache, s, site, &verdict->damage,
			       &verdict->later);
}

/* ---- what has to be said about a free ---- */

/* offset into the slab. */
static void judge(const struct kmem_cache *cache, const struct slab *s,
		  size_t offset, struct slab_verdict *verdict)
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

bool slab_free_object(struct kmem_cache *cache, struct slab *s,
		      const void *address, struct slab_site site,
		      struct slab_verdict *verdict)
{
	size_t offset =
		(size_t)((uintptr_t)address - (uintptr_t)slab_address(s));

	if (unlikely(READ_ONCE(s->cache) != cache))
		return false;
	if (slab_checks())
		judge(cache, s, offset, verdict);
	if (!verdict->wrong)
		put_object(cache, s, (unsigned int)(offset / s->size), site,
			   verdict);
	return true;
}

void *slab_first_allocated(struct kmem_cache *cache, struct slab_site *site)
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

/* ---- boot ---- */

unsigned long long slab_objects_arena_size(unsigned long long bytes)
{
	return ALIGN(bytes, PAGE_SIZE) / SLAB_MIN_ALIGN * sizeof(struct object);
}

void slab_objects_boot(unsigned long long bytes)
{
	unsigned long long size = slab_objects_arena_size(bytes);

	objects = size ? arena_carve(size, PAGE_SIZE) : NULL;
	if (size)
		arena_advise(objects, size, false);
}
