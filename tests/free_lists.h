/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* What holds of the zone's free lists while nobody is at them. */
#ifndef PAGESIM_TEST_FREE_LISTS_H
#define PAGESIM_TEST_FREE_LISTS_H

#include <pagesim/page_alloc.h>

/* Every block is where its order wants it, typed, counted once. Drains. */
static inline void assert_free_lists_are_sound(void)
{
	unsigned long frames = 0;

	drain_all_pages(NULL);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		struct free_area *area = &pagesim_zone.free_area[order];
		unsigned long blocks = 0;
		struct page *page;

		list_for_each_entry(page, &area->free_list, buddy_list) {
			assert_true(PageBuddy(page));
			assert_int_equal(buddy_order(page), order);
			assert_int_equal(page_ref_count(page), 0);
			assert_true(
				IS_ALIGNED(page_to_pfn(page), 1UL << order));
			blocks++;
		}
		assert_int_equal(blocks, area->nr_free);
		frames += blocks << order;
	}
	assert_int_equal(frames + max_pfn - pagesim_zone.first_deferred_pfn,
			 nr_free_pages());
}

#endif /* PAGESIM_TEST_FREE_LISTS_H */
