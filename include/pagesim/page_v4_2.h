/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * struct page as it was before v4.4, when a tail was a flag and the way to
 * its head one word of a crowded union.
 *
 * Models: include/linux/mm_types.h and page-flags.h at v4.2, 64-bit, MEMCG.
 *
 * The word at 48 is where compound_head() could go wrong: first_page of a
 * tail is also the private of a free or a file page, the lock of a page
 * table, the cache of a slab page.
 */
#ifndef PAGESIM_PAGE_V4_2_H
#define PAGESIM_PAGE_V4_2_H

#include <pagesim/mm_types.h>

enum pageflags_v4_2 {
	PG_v4_2_locked = 0,
	PG_v4_2_head = 14,
	PG_v4_2_tail = 15,
};

struct page_v4_2 {
	unsigned long flags;
	union {
		struct address_space *mapping;
		void *s_mem;
	};
	union {
		pgoff_t index;
		void *freelist;
	};
	union {
		atomic_t _mapcount; /* a THP tail's: its references */
		unsigned int slab_counters;
	};
	atomic_t _count;
	union {
		struct list_head lru;
		struct rcu_head rcu_head;
		struct {
			void (*compound_dtor)(struct page_v4_2 *page);
			unsigned long compound_order;
		};
	};
	union {
		unsigned long private;
		unsigned long ptl;
		void *slab_cache;
		struct page_v4_2 *first_page;
	};
	void *mem_cgroup;
} __aligned(2 * sizeof(unsigned long));

PAGESIM_AT(struct page_v4_2, mapping, 8);
PAGESIM_AT(struct page_v4_2, index, 16);
PAGESIM_AT(struct page_v4_2, _mapcount, 24);
PAGESIM_AT(struct page_v4_2, _count, 28);
PAGESIM_AT(struct page_v4_2, lru, 32);
PAGESIM_AT(struct page_v4_2, compound_order, 40);
PAGESIM_AT(struct page_v4_2, first_page, 48);
PAGESIM_AT(struct page_v4_2, mem_cgroup, 56);
static_assert(sizeof(struct page_v4_2) == sizeof(struct page),
	      "both lie in the same memory map");

#endif /* PAGESIM_PAGE_V4_2_H */
