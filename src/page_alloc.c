// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * In this file: page is the first of a block, order its size. The steps of
 * an allocation and of a free come in v6.12's order.
 */
#include <errno.h>
#include <string.h>
#include <pagesim/delay.h>
#include <pagesim/inject.h>
#include <pagesim/might_sleep.h>
#include <pagesim/page_alloc.h>
#include <pagesim/refcount.h>
#include <pagesim/trace_events_mm.h>

#include "buddy.h"
#include "error.h"
#include "page_check.h"
#include "page_poison.h"
#include "page_shadow.h"
#include "pcp.h"

struct zone pagesim_zone;

/* ---- how other versions did it ---- */

enum {
	ALLOC_6_12,
	ALLOC_6_14
};

const struct pagesim_generation pagesim_alloc_variants[] = {
	[ALLOC_6_12] = { "6.12", "the count, then the compound page: "
				 "prep_new_page() until v6.13" },
	[ALLOC_6_14] = { "6.14", "the compound page, then the count: "
				 "__alloc_pages() on alloc_frozen_pages()" },
	{ NULL, NULL },
};

enum {
	FREE_6_12,
	FREE_5_10,
	FREE_5_9
};

const struct pagesim_generation pagesim_free_pages_variants[] = {
	[FREE_6_12] = { "6.12", "PageHead is read before the put: commit "
				"462a8e08e0e6, v6.2" },
	[FREE_5_10] = { "5.10", "the tails are freed, PageHead is read after "
				"the put: commit e320d3012d25, v5.10 to v6.1" },
	[FREE_5_9] = { "5.9", "the tails are leaked: until v5.9" },
	{ NULL, NULL },
};

/* Indices of the two tables. */
static unsigned int alloc_variant;
static unsigned int free_pages_variant;

static int select_variant(unsigned int *selected, const char *what,
			  const struct pagesim_generation *table,
			  const char *version)
{
	for (unsigned int i = 0; table[i].version; i++)
		if (!strcmp(table[i].version, version)) {
			*selected = i;
			return 0;
		}
	return set_error(-EINVAL, "there is no variant \"%s\" of %s", version,
			 what);
}

int pagesim_alloc_variant(const char *version)
{
	return select_variant(&alloc_variant, "the allocation of pages",
			      pagesim_alloc_variants, version);
}

int pagesim_free_pages_variant(const char *version)
{
	return select_variant(&free_pages_variant, "__free_pages()",
			      pagesim_free_pages_variants, version);
}

/* ---- allocation ---- */

/* In the kernel bad pages of a CPU's list are found under its lock. */
static struct page *rmqueue(struct zone *zone, unsigned int order)
{
	struct page *page;

	do {
		page = NULL;
		if (likely(pcp_allowed_order(zone, order)))
			page = rmqueue_pcplist(zone, order);
		if (unlikely(!page))
			page = rmqueue_buddy(zone, order);
	} while (page && check_new_pages(page, order));
	return page;
}

static void post_alloc_hook(struct page *page, unsigned int order, gfp_t gfp)
{
	set_page_private(page, 0);
	/* Or the zeroes would be taken for damage. */
	kernel_unpoison_pages(page, 1UL << order);
	if ((gfp & __GFP_ZERO) && pagesim_ram)
		memset(page_address(page), 0, PAGE_SIZE << order);
}

/* caller: the place in the code that is told if the pages are never freed. */
static void prep_new_page(struct page *page, unsigned int order, gfp_t gfp,
			  bool frozen, const void *caller)
{
	page_shadow_alloc(page, order, caller);
	post_alloc_hook(page, order, gfp);
	if (likely(!frozen))
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

static struct page *__alloc_pages(gfp_t gfp, unsigned int order, bool frozen,
				  const void *caller)
{
	struct page *page;

	BUG_ON(!max_pfn); /* no machine was booted */
	if (WARN_ON_ONCE(order > MAX_PAGE_ORDER))
		return NULL;
	might_alloc(gfp);
	if (!(gfp & __GFP_NOFAIL) && pagesim_should_fail())
		return NULL;
	page = rmqueue(&pagesim_zone, order);
	if (unlikely(!page))
		page = alloc_pages_slowpath(&pagesim_zone, gfp, order);
	if (page)
		prep_new_page(page, order, gfp, frozen, caller);
	trace_mm_page_alloc(page, order, gfp, MIGRATE_MOVABLE);
	return page;
}

static struct page *alloc_counted(gfp_t gfp, unsigned int order,
				  const void *caller)
{
	bool count_last = alloc_variant == ALLOC_6_14;
	struct page *page = __alloc_pages(gfp, order, count_last, caller);

	if (unlikely(count_last) && page)
		set_page_refcounted(page);
	return page;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return alloc_counted(gfp, order, __builtin_return_address(0));
}

struct page *alloc_frozen_pages(gfp_t gfp, unsigned int order)
{
	return __alloc_pages(gfp, order, true, __builtin_return_address(0));
}

struct folio *folio_alloc(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_counted(gfp | __GFP_COMP, order,
					  __builtin_return_address(0));
	struct folio *folio = (struct folio *)page;

	if (page && order)
		folio_set_large_rmappable(folio);
	return folio;
}

/* ---- free ---- */

/*
 * A block with a bad page is nobody's any more. Said before the first of them
 * is reported: its handler may not come back. True if there is a reason.
 */
static bool report_bad(struct page *block, unsigned int order,
		       struct page *page, const char *reason, bool *bad)
{
	if (likely(!reason))
		return false;
	if (!*bad) {
		page_shadow_lose(block, order);
		lose_block(order);
	}
	*bad = true;
	bad_page(page, reason);
	return true;
}

static void free_tail_pages_prepare(struct page *page, unsigned int order,
				    bool compound, bool *bad)
{
	struct folio *folio = (struct folio *)page;
	bool check = is_check_pages_enabled();

	if (compound)
		page_flags_drop(page + 1, PAGE_FLAGS_SECOND);
	for (unsigned long i = 1; i < 1UL << order; i++) {
		struct page *tail = page + i;

		if (compound) {
			if (check)
				report_bad(page, order, tail,
					   free_tail_page_bad_reason(folio,
								     tail),
					   bad);
			WRITE_ONCE(tail->mapping, (struct address_space *)NULL);
			clear_compound_head(tail);
		}
		if (check && report_bad(page, order, tail,
					free_page_bad_reason(tail), bad))
			continue;
		page_flags_drop(tail, PAGE_FLAGS_CHECK_AT_PREP);
	}
}

/*
 * A page leaves its user: what he left in it must not reach the next. Returns
 * false for a block that stays out of the free lists: its memory is broken, or
 * somebody still does something with it.
 */
static bool free_pages_prepare(struct page *page, unsigned int order)
{
	bool compound = PageCompound(page), bad = false;
	struct folio *folio = page_folio(page);

	VM_BUG_ON_PAGE(PageTail(page), page);
	trace_mm_page_free(page, order);
	/* Truncation that raced with munlock() leaves it. */
	if (unlikely(folio_test_mlocked(folio)))
		__folio_clear_mlocked(folio);
	if (unlikely(PageHWPoison(page)) && !order) {
		lose_block(order);
		return false;
	}
	VM_BUG_ON_PAGE(compound && compound_order(page) != order, page);
	if (unlikely(order))
		free_tail_pages_prepare(page, order, compound, &bad);
	if (PageMappingFlags(page))
		WRITE_ONCE(page->mapping, (struct address_space *)NULL);
	if (is_check_pages_enabled()) {
		report_bad(page, order, page, free_page_bad_reason(page), &bad);
		if (bad)
			return false;
	}
	page_flags_drop(page, PAGE_FLAGS_CHECK_AT_PREP);
	set_page_private(page, 0);
	kernel_poison_pages(page, 1UL << order);
	return true;
}

void free_unref_page(struct page *page, unsigned int order)
{
	struct zone *zone = &pagesim_zone;

	bool free = free_pages_prepare(page, order);

	page_shadow_free(page, order);
	if (!free)
		return;
	if (pcp_allowed_order(zone, order) &&
	    likely(free_to_pcplist(zone, page, order)))
		return;
	free_one_page(zone, page_to_pfn(page), order);
}

/* As the selected version has it; head was read before the put. */
static bool frees_the_rest(const struct page *page, bool head)
{
	if (unlikely(free_pages_variant == FREE_5_9))
		return false;
	if (unlikely(free_pages_variant == FREE_5_10)) {
		pagesim_delay();
		return !PageHead(page);
	}
	return !head;
}

void __free_pages(struct page *page, unsigned int order)
{
	/* Before the put: afterwards the page may be somebody else's. */
	bool head = PageHead(page);

	if (put_page_testzero(page))
		free_unref_page(page, order);
	else if (frees_the_rest(page, head))
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
	alloc_variant = ALLOC_6_12;
	free_pages_variant = FREE_6_12;
	buddy_boot(zone);
	pcp_boot(zone, config);
}

void pagesim_page_alloc_shutdown(void)
{
	memset(&pagesim_zone, 0, sizeof(pagesim_zone));
}
