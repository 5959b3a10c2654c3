/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * The objects of a cache's slabs, handed out and taken back.
 * Context, where no other: the cache's lock.
 */
#ifndef PAGESIM_SRC_SLAB_OBJECTS_H
#define PAGESIM_SRC_SLAB_OBJECTS_H

#include "slab_cache.h"
#include "slab_heap.h"

struct slab_allocation {
	void *object; /* NULL: none, or damage was found */
	size_t size; /* that it takes */
	bool fresh; /* not handed out before */
	struct slab_damage damage;
};

/* order: of a new slab, if one is needed. */
void slab_take_object(struct kmem_cache *cache, unsigned int order,
		      struct slab_site site, struct slab_allocation *got);

enum wrong_free {
	FREE_FINE,
	FREE_TWICE,
	FREE_INSIDE,
	FREE_NEVER
};

/* What has to be said about a free. */
struct slab_verdict {
	enum wrong_free wrong;
	char name[32]; /* of the cache */
	size_t offset; /* into the object */
	struct slab_site freed; /* the first time */
	bool other_cache;
	struct slab_damage damage;
	struct slab *later; /* for slab_give_back_by_rcu(), or NULL */
};

/*
 * Frees it unless that is wrong. Of two frees of one object the second sees
 * the first, by the lock. Returns false if the slab was given back before
 * that was taken.
 */
bool slab_free_object(struct kmem_cache *cache, struct slab *s,
		      const void *address, struct slab_site site,
		      struct slab_verdict *verdict);

/*
 * Of a slab with no object allocated. Returns false, and keeps it, if its free
 * objects were changed. One of a SLAB_TYPESAFE_BY_RCU cache is off its list
 * then, and left in later: for slab_give_back_by_rcu(), without the lock.
 */
bool slab_give_back(struct kmem_cache *cache, struct slab *s,
		    struct slab_site site, struct slab_damage *damage,
		    struct slab **later);
void slab_give_back_by_rcu(struct slab *s);

/* False if a free object was changed. Full slabs have none. */
bool slab_objects_check(struct kmem_cache *cache, struct slab_damage *damage);

/* Fills site; NULL if that was not written down. */
void *slab_first_allocated(struct kmem_cache *cache, struct slab_site *site);

unsigned long long slab_objects_arena_size(unsigned long long bytes);
void slab_objects_boot(unsigned long long bytes);

#endif /* PAGESIM_SRC_SLAB_OBJECTS_H */
