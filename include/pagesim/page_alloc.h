/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * The page allocator: blocks of 2^0 to 2^10 pages, split and merged with
 * their buddies.
 *
 * Models: mm/page_alloc.c at v6.12. Of a free block the first page alone
 * says so: type buddy, the order in private, on a free list by its first
 * union word.
 *
 * What leaves and what comes back is checked in tier "vm", as the kernel
 * does where its static key check_pages_enabled is on: by default with
 * CONFIG_DEBUG_VM only. A bad page is reported as "bug-on", for the kernel
 * calls it one ("BUG: Bad page state"), and not all of its reasons concern
 * a count. If the handler returns, things go on as in the kernel: the whole
 * block stays away from everybody, on purpose, and is not counted as a leak.
 *
 * Differs from the kernel, so far: one zone, one migrate type, no
 * watermarks, no placing at a list's tail, no reclaim; a bad page is told of
 * every time, without a stack.
 */
#ifndef PAGESIM_PAGE_ALLOC_H
#define PAGESIM_PAGE_ALLOC_H

#include <pagesim/folio.h>
#include <pagesim/list.h>
#include <pagesim/memmap.h>
#include <pagesim/pcp.h>
#include <pagesim/spinlock.h>

#define MAX_PAGE_ORDER 10
#define NR_PAGE_ORDERS (MAX_PAGE_ORDER + 1)
#define MAX_ORDER_NR_PAGES (1UL << MAX_PAGE_ORDER)

struct pagesim_config;

struct free_area {
	struct list_head free_list;
	unsigned long nr_free; /* blocks */
};

struct zone {
	spinlock_t lock; /* the three below; PageBuddy and its order */
	struct free_area free_area[NR_PAGE_ORDERS];
	/*
	 * From here on nobody was given anything: the map is untouched. Read
	 * without the lock by smp_load_acquire().
	 */
	unsigned long first_deferred_pfn;
	unsigned long managed_pages; /* ever put on the lists as new ones */

	/* Pages that were kept out of the lists on purpose. Any CPU adds. */
	atomic_long_t nr_lost;

	/* One for each CPU; NULL on a machine without. The rest is constant. */
	struct per_cpu_pages *per_cpu_pageset;
	unsigned int nr_pagesets;
	int pcp_batch;
	int pcp_high;
};

extern struct zone pagesim_zone;

/*
 * Allocates 2^order pages with one reference on the first. With __GFP_COMP
 * (and order > 0) they are a compound page; __GFP_ZERO clears RAM contents.
 * Returns NULL when no block is left, __GFP_NOFAIL or not, or when inject.h
 * makes it fail. Before that the lists of all CPUs are drained, if gfp has
 * __GFP_DIRECT_RECLAIM. Warns of an order above MAX_PAGE_ORDER
 * (each time, the kernel once) and returns NULL.
 * Context: any, with GFP_KERNEL where one may sleep (might_sleep.h); tries
 * the CPU's list's lock, takes the zone's, both irqsafe.
 * Ordering: none after the locks; the count becomes 1 before the page is made
 * compound, so a walker may get a reference on a head that does not look
 * like one yet (until v6.14, see pagesim_alloc_variant()).
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order);
#define alloc_page(gfp) alloc_pages(gfp, 0)

/* The same as a folio: __GFP_COMP is implied, large ones are rmappable. */
struct folio *folio_alloc(gfp_t gfp, unsigned int order);

/*
 * The same with a count of 0: nobody else gets a reference. Since v6.14.
 * free_frozen_pages() takes it back; v6.12's name for that is
 * free_unref_page().
 */
struct page *alloc_frozen_pages(gfp_t gfp, unsigned int order);
#define free_frozen_pages(page, order) free_unref_page(page, order)

/*
 * Drops a reference; the last frees the block. If somebody else still holds
 * one on a block that is not compound, all but its first page are freed now.
 */
void __free_pages(struct page *page, unsigned int order);
#define __free_page(page) __free_pages(page, 0)

/*
 * Frees a block whose count is 0 already. A hardware-poisoned page of order
 * 0 is not freed but parked. Context: any; nobody else knows the block.
 */
void free_unref_page(struct page *page, unsigned int order);

/* ---- how other versions did it ---- */

struct pagesim_generation {
	const char *version; /* NULL ends the table */
	const char *provenance;
};

/* The first of each table is the default. */
extern const struct pagesim_generation pagesim_alloc_variants[];
extern const struct pagesim_generation pagesim_free_pages_variants[];

/*
 * From now on pages are prepared, or freed by __free_pages(), as the version
 * does it, until another one is asked for or the next boot. Returns 0 or,
 * with a line for pagesim_error(), -EINVAL for a version that is in no table.
 * Context: nobody allocates or frees.
 */
int pagesim_alloc_variant(const char *version);
int pagesim_free_pages_variant(const char *version);

/* ---- what is free ---- */

/* Valid under the zone's lock, or as a guess. */
static inline unsigned int buddy_order(const struct page *page)
{
	return (unsigned int)page_private(page);
}

/*
 * True if the page lies in a free block of the zone's lists, which per-CPU
 * lists are not. Without the lock a guess.
 */
bool is_free_buddy_page(const struct page *page);

/*
 * Free pages, those not yet handed to the allocator included.
 * Differs from the kernel: so are those on the per-CPU lists, exactly while
 * no other CPU allocates or frees.
 */
unsigned long nr_free_pages(void);

/*
 * Pages that are allocated, exactly under the same condition. An imported
 * page that was freed makes up for one.
 */
long pagesim_nr_allocated(void);

/*
 * Hands the pages [pfn, pfn + nr) over as free ones, in blocks as large as
 * their alignment allows. Their flags stay. Context: boot time.
 */
void pagesim_free_range(unsigned long pfn, unsigned long nr);

/* boot and shutdown */
void pagesim_page_alloc_boot(const struct pagesim_config *config);
void pagesim_page_alloc_shutdown(void);

#endif /* PAGESIM_PAGE_ALLOC_H */
