// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * In this file: page is the first of a block, order its size. The steps of
 * an allocation and of a free come in v6.12's order.
 */
#include <string.h>
#include <pagesim/inject.h>
#include <pagesim/page_alloc.h>
#include <pagesim/refcount.h>
#include <pagesim/trace_events_mm.h>

#include "buddy.h"
#include "pcp.h"

struct zone pagesim_zone;

/* ---- allocation ---- */

static struct page *rmqueue(struct zone *zone, unsigned int order)
{
	struct page *page = NULL;

	if (likely(pcp_allowed_order(zone, order)))
		page = rmqueue_pcplist(zone, order);
	return likely(page) ? page : rmqueue_buddy(zone, order);
}

static void post_alloc_hook(struct page *page, unsigned int order, gfp_t gfp)
{
	set_page_private(page, 0);
	if ((gfp & __GFP_ZERO) && pagesim_ram)
		memset(page_address(page), 0, PAGE_SIZE << order);
}

static void prep_new_page(struct page *page, unsigned int order, gfp_t gfp)
{
	post_alloc_hook(page, order, gfp);
	set_page_refcounted(page);
	if (order && (gfp & __GFP_COMP))
		prep_compound_page(page, order);
}

/* What __alloc_pages_slowpath() does, as far as there is something to do. */
static noinline struct page *alloc_pages_slowpath(struct zone *zone, gfp_t gfp,
						  unsigned int order)
{
	if (!(gfp & __GFP_DIRECT_RECLAIM) || !zone->per_cpu_pageset)
		return NULL;
	drain_all_pages(zone);
	return rmqueue(zone, order);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;

	BUG_ON(!max_pfn); /* no machine was booted */
	if (WARN_ON_ONCE(order > MAX_PAGE_ORDER))
		return NULL;
	if (!(gfp & __GFP_NOFAIL) && pagesim_should_fail())
		return NULL;
	page = rmqueue(&pagesim_zone, order);
	if (unlikely(!page))
		page = alloc_pages_slowpath(&pagesim_zone, gfp, order);
	if (page)
		prep_new_page(page, order, gfp);
	trace_mm_page_alloc(page, order, gfp, MIGRATE_MOVABLE);
	return page;
}

struct folio *folio_alloc(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp | __GFP_COMP, order);
	struct folio *folio = (struct folio *)page;

	if (page && order)
		folio_set_large_rmappable(folio);
	return folio;
}

/* ---- free ---- */

/*
 * A page leaves its user: what he left in it must not reach the next. Returns
 * false for a page that stays out of the free lists, because its memory is
 * broken.
 */
static bool free_pages_prepare(struct page *page, unsigned int order)
{
	VM_BUG_ON_PAGE(PageTail(page), page);
	trace_mm_page_free(page, order);
	VM_BUG_ON_PAGE(page_has_type(page), page);
	if (unlikely(PageHWPoison(page)) && !order) {
		atomic_long_inc(&pagesim_zone.nr_lost);
		return false;
	}
	if (PageCompound(page))
		destroy_compound_tails(page, order);
	else
		for (unsigned long i = 1; i < 1UL << order; i++)
			page_flags_drop(page + i, PAGE_FLAGS_CHECK_AT_PREP);
	if (PageMappingFlags(page))
		WRITE_ONCE(page->mapping, (struct address_space *)NULL);
	page_flags_drop(page, PAGE_FLAGS_CHECK_AT_PREP);
	set_page_private(page, 0);
	return true;
}

void free_unref_page(struct page *page, unsigned int order)
{
	struct zone *zone = &pagesim_zone;

	if (!free_pages_prepare(page, order))
		return;
	if (pcp_allowed_order(zone, order) &&
	    likely(free_to_pcplist(zone, page, order)))
		return;
	free_one_page(zone, page_to_pfn(page), order);
}

void __free_pages(struct page *page, unsigned int order)
{
	/* Before the put: afterwards the page may be somebody else's. */
	bool head = PageHead(page);

	if (put_page_testzero(page))
		free_unref_page(page, order);
	else if (!head)
		while (order-- > 0)
			free_unref_page(page + (1UL << order), order);
}

/* ---- what is free ---- */

/* On the lists of the zone and of the CPUs. Context: the lock is held. */
static unsigned long nr_listed_pages(const struct zone *zone)
{
	return buddy_nr_free(zone) + pcp_nr_free(zone);
}

unsigned long nr_free_pages(void)
{
	struct zone *zone = &pagesim_zone;
	unsigned long flags, nr;

	spin_lock_irqsave(&zone->lock, flags);
	nr = nr_listed_pages(zone) + max_pfn - zone->first_deferred_pfn;
	spin_unlock_irqrestore(&zone->lock, flags);
	return nr;
}

long pagesim_nr_allocated(void)
{
	struct zone *zone = &pagesim_zone;
	unsigned long flags, nr;

	spin_lock_irqsave(&zone->lock, flags);
	nr = zone->managed_pages - nr_listed_pages(zone);
	spin_unlock_irqrestore(&zone->lock, flags);
	return (long)nr - atomic_long_read(&zone->nr_lost);
}

/* ---- boot ---- */

void pagesim_page_alloc_boot(const struct pagesim_config *config)
{
	struct zone *zone = &pagesim_zone;

	memset(zone, 0, sizeof(*zone));
	buddy_boot(zone);
	pcp_boot(zone, config);
}

void pagesim_page_alloc_shutdown(void)
{
	memset(&pagesim_zone, 0, sizeof(pagesim_zone));
}
