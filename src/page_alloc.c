// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * In this file: page is the first of a block, pfn its number, order its
 * size; a buddy is the block of the same size that differs in one bit of
 * the number. Everything static runs under the zone's lock.
 */
#include <string.h>
#include <pagesim/inject.h>
#include <pagesim/page_alloc.h>
#include <pagesim/refcount.h>
#include <pagesim/trace_events_mm.h>

struct zone pagesim_zone;

static void set_buddy_order(struct page *page, unsigned int order)
{
	set_page_private(page, order);
	__SetPageBuddy(page);
}

static void add_to_free_list(struct zone *zone, struct page *page,
			     unsigned int order)
{
	set_buddy_order(page, order);
	list_add(&page->buddy_list, &zone->free_area[order].free_list);
	zone->free_area[order].nr_free++;
}

static void del_page_from_free_list(struct zone *zone, struct page *page,
				    unsigned int order)
{
	if (PageReported(page))
		__ClearPageReported(page);
	list_del(&page->buddy_list);
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

static void __free_one_page(struct zone *zone, unsigned long pfn,
			    unsigned int order)
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
						false);
		return page;
	}
	return NULL;
}

static struct page *rmqueue(struct zone *zone, unsigned int order)
{
	struct page *page;

	spin_lock(&zone->lock);
	do {
		page = rmqueue_smallest(zone, order);
	} while (!page && deferred_grow_zone(zone));
	if (page)
		zone->nr_allocated += 1L << order;
	spin_unlock(&zone->lock);
	return page;
}

static void prep_new_page(struct page *page, unsigned int order, gfp_t gfp)
{
	set_page_private(page, 0);
	set_page_refcounted(page);
	if ((gfp & __GFP_ZERO) && pagesim_ram)
		memset(page_address(page), 0, PAGE_SIZE << order);
	if (order && (gfp & __GFP_COMP))
		prep_compound_page(page, order);
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

/*
 * A page leaves its user: what he left in it must not reach the next. The
 * steps in v6.12's order. Returns false for a page that stays out of the
 * free lists, because its memory is broken.
 */
static bool free_pages_prepare(struct page *page, unsigned int order)
{
	VM_BUG_ON_PAGE(PageTail(page), page);
	trace_mm_page_free(page, order);
	VM_BUG_ON_PAGE(page_has_type(page), page);
	if (unlikely(PageHWPoison(page)) && !order)
		return false;
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

	bool free = free_pages_prepare(page, order);

	spin_lock(&zone->lock);
	zone->nr_allocated -= 1L << order;
	if (free)
		__free_one_page(zone, page_to_pfn(page), order);
	spin_unlock(&zone->lock);
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

unsigned long nr_free_pages(void)
{
	struct zone *zone = &pagesim_zone;
	unsigned long nr;

	spin_lock(&zone->lock);
	nr = max_pfn - zone->first_deferred_pfn;
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		nr += zone->free_area[order].nr_free << order;
	spin_unlock(&zone->lock);
	return nr;
}

void pagesim_free_range(unsigned long pfn, unsigned long nr)
{
	spin_lock(&pagesim_zone.lock);
	free_range(&pagesim_zone, pfn, nr);
	spin_unlock(&pagesim_zone.lock);
}

void pagesim_page_alloc_boot(void)
{
	struct zone *zone = &pagesim_zone;

	memset(zone, 0, sizeof(*zone));
	spin_lock_init(&zone->lock);
	/*
	 * The kernel takes it with interrupts off. Here no softirq can come
	 * while it is held, and nobody takes another lock under it.
	 */
	lockdep_set_novalidate_class(&zone->lock);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		INIT_LIST_HEAD(&zone->free_area[order].free_list);
}
