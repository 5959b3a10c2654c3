/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * struct page and struct folio: 64 bytes a page, with the kernel's unions
 * as physical overlays, so that a bug that comes from an overlay can happen
 * here.
 *
 * Models: include/linux/mm_types.h at v6.12, 64-bit, CONFIG_MEMCG, without
 * WANT_PAGE_VIRTUAL, LAST_CPUPID_NOT_IN_PAGE_FLAGS and KMSAN. The offsets
 * are asserted below and, as pahole prints them, in
 * tests/golden/pahole-page.txt.
 *
 * The first word of the union has many users: lru, the tail's link to its
 * head, pgmap, pp_magic, a queued rcu_head, the mlock filler. Bit 0 of it
 * says "tail", so every other user has to keep that bit clear.
 *
 * Access: flags and page_type by page-flags.h, compound_head by
 * compound_head.h, _refcount by page_ref.h and refcount.h, map counts by
 * mapcount.h, _pincount by refcount.h, order and size by folio.h; the rest by
 * the owner of the page.
 */
#ifndef PAGESIM_MM_TYPES_H
#define PAGESIM_MM_TYPES_H

#include <pagesim/compiler.h>
#include <pagesim/types.h>

struct address_space;
struct dev_pagemap;
struct page_pool;

typedef struct {
	unsigned long val;
} swp_entry_t;

struct page {
	unsigned long flags;
	union {
		/* page cache, anonymous and free pages */
		struct {
			union {
				struct list_head lru;
				/* on the unevictable "list" */
				struct {
					void *__filler; /* even, or a tail */
					unsigned int mlock_count;
				};
				struct list_head buddy_list;
				struct list_head pcp_list;
			};
			struct address_space *mapping; /* low bits: kind */
			union {
				pgoff_t index;
				unsigned long share; /* fsdax */
			};
			/* file system's, swp_entry_t, or a free page's order */
			unsigned long private;
		};
		/* network stack's page pool */
		struct {
			unsigned long pp_magic;
			struct page_pool *pp;
			unsigned long _pp_mapping_pad;
			unsigned long dma_addr;
			atomic_long_t pp_ref_count;
		};
		/* tail of a compound page: the head's address, bit 0 set */
		struct {
			unsigned long compound_head;
		};
		/* ZONE_DEVICE */
		struct {
			struct dev_pagemap *pgmap;
			void *zone_device_data;
		};
		struct rcu_head rcu_head;
	};
	union {
		/* typed folios, in the head only: the type in the top byte */
		unsigned int page_type;
		/* others: mappings of this very page, -1 for none */
		atomic_t _mapcount;
	};
	atomic_t _refcount; /* a tail's is 0 all its life */
	unsigned long memcg_data;
} __aligned(2 * sizeof(unsigned long));

/*
 * struct folio: the same memory as page[0] to page[3] of it, seen by who
 * knows that page[0] is no tail. What a folio of order 1 or less has no
 * pages for, must not be touched.
 */
struct folio {
	union {
		struct {
			unsigned long flags;
			union {
				struct list_head lru;
				struct {
					void *__filler;
					unsigned int mlock_count;
				};
			};
			struct address_space *mapping;
			pgoff_t index;
			union {
				void *private;
				swp_entry_t swap;
			};
			atomic_t _mapcount;
			atomic_t _refcount;
			unsigned long memcg_data;
		};
		struct page page;
	};
	union {
		struct {
			unsigned long _flags_1; /* low 8 bits: order */
			unsigned long _head_1;
			atomic_t _large_mapcount; /* all mappings, -1 based */
			atomic_t _entire_mapcount; /* as a whole, -1 based */
			atomic_t _nr_pages_mapped;
			atomic_t _pincount;
			unsigned int _folio_nr_pages;
		};
		struct page __page_1;
	};
	union {
		struct {
			unsigned long _flags_2;
			unsigned long _head_2;
			struct list_head _deferred_list;
		};
		struct page __page_2;
	};
	union {
		struct {
			unsigned long _flags_3;
			unsigned long _head_3;
			void *_hugetlb_subpool;
			void *_hugetlb_cgroup;
			void *_hugetlb_cgroup_rsvd;
			void *_hugetlb_hwpoison;
		};
		struct page __page_3;
	};
};

/* mapping's low bits, and what ordinary tails carry there. */
#define PAGE_MAPPING_ANON 0x1UL
#define PAGE_MAPPING_MOVABLE 0x2UL
#define PAGE_MAPPING_KSM (PAGE_MAPPING_ANON | PAGE_MAPPING_MOVABLE)
#define PAGE_MAPPING_FLAGS (PAGE_MAPPING_ANON | PAGE_MAPPING_MOVABLE)
#define TAIL_MAPPING ((struct address_space *)0xdead000000000400UL)

#define PAGESIM_AT(type, member, offset)                  \
	static_assert(offsetof(type, member) == (offset), \
		      #type "." #member " has left its v6.12 place")

PAGESIM_AT(struct page, flags, 0);
PAGESIM_AT(struct page, lru, 8);
PAGESIM_AT(struct page, compound_head, 8);
PAGESIM_AT(struct page, pgmap, 8);
PAGESIM_AT(struct page, rcu_head, 8);
PAGESIM_AT(struct page, pp_magic, 8);
PAGESIM_AT(struct page, mlock_count, 16);
PAGESIM_AT(struct page, zone_device_data, 16);
PAGESIM_AT(struct page, mapping, 24);
PAGESIM_AT(struct page, index, 32);
PAGESIM_AT(struct page, dma_addr, 32);
PAGESIM_AT(struct page, private, 40);
PAGESIM_AT(struct page, pp_ref_count, 40);
PAGESIM_AT(struct page, _mapcount, 48);
PAGESIM_AT(struct page, page_type, 48);
PAGESIM_AT(struct page, _refcount, 52);
PAGESIM_AT(struct page, memcg_data, 56);
static_assert(sizeof(struct page) == 64, "struct page is 64 bytes");

PAGESIM_AT(struct folio, flags, 0);
PAGESIM_AT(struct folio, lru, 8);
PAGESIM_AT(struct folio, mapping, 24);
PAGESIM_AT(struct folio, index, 32);
PAGESIM_AT(struct folio, private, 40);
PAGESIM_AT(struct folio, swap, 40);
PAGESIM_AT(struct folio, _mapcount, 48);
PAGESIM_AT(struct folio, _refcount, 52);
PAGESIM_AT(struct folio, memcg_data, 56);
PAGESIM_AT(struct folio, _flags_1, 64);
PAGESIM_AT(struct folio, _head_1, 64 + 8);
PAGESIM_AT(struct folio, _large_mapcount, 64 + 16);
PAGESIM_AT(struct folio, _entire_mapcount, 64 + 20);
PAGESIM_AT(struct folio, _nr_pages_mapped, 64 + 24);
PAGESIM_AT(struct folio, _pincount, 64 + 28);
PAGESIM_AT(struct folio, _folio_nr_pages, 64 + 32);
PAGESIM_AT(struct folio, _flags_2, 128);
PAGESIM_AT(struct folio, _head_2, 128 + 8);
PAGESIM_AT(struct folio, _deferred_list, 128 + 16);
PAGESIM_AT(struct folio, _flags_3, 192);
PAGESIM_AT(struct folio, _head_3, 192 + 8);
PAGESIM_AT(struct folio, _hugetlb_subpool, 192 + 16);
PAGESIM_AT(struct folio, _hugetlb_cgroup, 192 + 24);
PAGESIM_AT(struct folio, _hugetlb_cgroup_rsvd, 192 + 32);
PAGESIM_AT(struct folio, _hugetlb_hwpoison, 192 + 40);
static_assert(sizeof(struct folio) == 4 * sizeof(struct page),
	      "struct folio lies over four pages");
static_assert(_Alignof(struct rcu_head) >= 8, "bit 0 of next must stay clear");

#endif /* PAGESIM_MM_TYPES_H */
