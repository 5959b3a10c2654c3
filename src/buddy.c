// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * The buddy system: blocks of free pages, split and merged.
 *
 * Models: __free_one_page(), expand(), __rmqueue_smallest(),
 * deferred_grow_zone() of mm/page_alloc.c at v6.12.
 *
 * In this file: page is the first of a block, pfn its number, order its
 * size; a buddy is the block of the same size that differs in one bit of
 * the number. Everything static runs under the zone's lock.
 */
#include <pagesim/trace_events_mm.h>

#include "buddy.h"
#include "page_shadow.h"
#include "pcp.h"

static void set_buddy_order(struct page *page, unsigned int order)
{
	set_page_private(page, order);
	__SetPageBuddy(page);
}

static void add_to_free_list(struct zone *zone, struct page *page,
			     unsigned int order)
{
	set_buddy_order(page, order);
	page_shadow_set_word(page, PAGE_WORD_BUDDY);
	list_add(&page->buddy_list, &zone->free_area[order].free_list);
	zone->free_area[order].nr_free++;
}

static void del_page_from_free_list(struct zone *zone, struct page *page,
				    unsigned int order)
{
	if (PageReported(page))
		__ClearPageReported(page);
	list_del(&page->buddy_list);
	page_shadow_set_word(page, PAGE_WORD_NONE);
	__ClearPageBuddy(page);
	set_page_private(page, 0);
	zone->free_area[order].nr_free--;
}

/* The free buddy with which the block makes one of the next order, if any. */
static struct page *find_buddy(struct zone *zone, unsigned long pfn,
			       unsigned int order)
{
	unsigned long buddy_pfn = pfn ^ (1UL << order);
	struct page *buddy;

	if (buddy_pfn + (1UL << order) > zone->first_deferred_pfn)
		return NULL;
	buddy = pfn_to_page(buddy_pfn);
	if (!PageBuddy(buddy) || buddy_order(buddy) != order)
		return NULL;
	return buddy;
}

void __free_one_page(struct zone *zone, unsigned long pfn, unsigned int order)
{
	struct page *buddy;

	while (order < MAX_PAGE_ORDER) {
		buddy = find_buddy(zone, pfn, order);
		if (!buddy)
			break;
		del_page_from_free_list(zone, buddy, order);
		pfn &= ~(1UL << order);
		order++;
	}
	add_to_free_list(zone, pfn_to_page(pfn), order);
}

/* The largest block that begins at pfn, is aligned, and has nr pages or less. */
static unsigned int largest_order(unsigned long pfn, unsigned long nr)
{
	unsigned int order = 0;

	while (order < MAX_PAGE_ORDER && IS_ALIGNED(pfn, 2UL << order) &&
	       (2UL << order) <= nr)
		order++;
	return order;
}

static void free_range(struct zone *zone, unsigned long pfn, unsigned long nr)
{
	zone->managed_pages += nr;
	while (nr) {
		unsigned int order = largest_order(pfn, nr);

		__free_one_page(zone, pfn, order);
		pfn += 1UL << order;
		nr -= 1UL << order;
	}
}

/* Initialises the next pages that nobody has touched, and frees them. */
static bool deferred_grow_zone(struct zone *zone)
{
	unsigned long pfn = zone->first_deferred_pfn;
	unsigned long end =
		ALIGN_DOWN(pfn + MAX_ORDER_NR_PAGES, MAX_ORDER_NR_PAGES);

	if (end > max_pfn)
		end = max_pfn;
	if (pfn == end)
		return false;
	for (unsigned long i = pfn; i < end; i++)
		pagesim_init_page(pfn_to_page(i), ZONE_NORMAL, 0);
	/* Pairs with the load of who walks the map without the lock. */
	smp_store_release(&zone->first_deferred_pfn, end);
	free_range(zone, pfn, end - pfn);
	return true;
}

/* Gives back the upper halves of a block of order high until low is left. */
static void expand(struct zone *zone, struct page *page, unsigned int low,
		   unsigned int high)
{
	while (high > low) {
		high--;
		add_to_free_list(zone, page + (1UL << high), high);
	}
}

static struct page *rmqueue_smallest(struct zone *zone, unsigned int order)
{
	for (unsigned int o = order; o < NR_PAGE_ORDERS; o++) {
		struct free_area *area = &zone->free_area[o];
		struct page *page;

		if (list_empty(&area->free_list))
			continue;
		page = list_first_entry(&area->free_list, struct page,
					buddy_list);
		del_page_from_free_list(zone, page, o);
		expand(zone, page, order, o);
		trace_mm_page_alloc_zone_locked(page, order, MIGRATE_MOVABLE,
						pcp_allowed_order(zone, order));
		return page;
	}
	return NULL;
}

struct page *__rmqueue(struct zone *zone, unsigned int order)
{
	struct page *page;

	do {
		page = rmqueue_smallest(zone, order);
	} while (!page && deferred_grow_zone(zone));
	return page;
}

struct page *rmqueue_buddy(struct zone *zone, unsigned int order)
{
	struct page *page;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	page = __rmqueue(zone, order);
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

void free_one_page(struct zone *zone, unsigned long pfn, unsigned int order)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	__free_one_page(zone, pfn, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

bool is_free_buddy_page(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		const struct page *head = page - (pfn & ((1UL << order) - 1));

		if (PageBuddy(head) && buddy_order(head) >= order)
			return true;
	}
	return false;
}

unsigned long buddy_nr_free(const struct zone *zone)
{
	unsigned long nr = 0;

	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		nr += zone->free_area[order].nr_free << order;
	return nr;
}

void pagesim_free_range(unsigned long pfn, unsigned long nr)
{
	struct zone *zone = &pagesim_zone;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	free_range(zone, pfn, nr);
	spin_unlock_irqrestore(&zone->lock, flags);
}

void buddy_boot(struct zone *zone)
{
	spin_lock_init(&zone->lock);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		INIT_LIST_HEAD(&zone->free_area[order].free_list);
}
