// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/page_alloc.h>

#include "free_lists.h"

#define NR_PAGES (1UL << 14)

/* Without per-CPU lists: what is freed is on the zone's at once. */
static int boot_zone(void **state)
{
	struct pagesim_config config;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = NR_PAGES;
	config.no_pcp = true;
	return pagesim_boot(&config);
}

#define zone_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_zone, shutdown_machine)

static unsigned long free_blocks(unsigned int order)
{
	return pagesim_zone.free_area[order].nr_free;
}

static void test_split_and_merge(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	/* A block of order 10 gave one page: the rest are halves. */
	for (unsigned int order = 0; order < MAX_PAGE_ORDER; order++)
		assert_int_equal(free_blocks(order), 1);
	assert_int_equal(free_blocks(MAX_PAGE_ORDER), 0);
	__free_page(page);
	for (unsigned int order = 0; order < MAX_PAGE_ORDER; order++)
		assert_int_equal(free_blocks(order), 0);
	assert_int_equal(free_blocks(MAX_PAGE_ORDER), 1);
}

static void test_buddies_merge_only_with_buddies(void **state)
{
	struct page *pages[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		pages[i] = alloc_page(GFP_KERNEL);
	for (int i = 1; i < 4; i++)
		assert_ptr_equal(pages[i], pages[0] + i);
	__free_page(pages[1]);
	__free_page(pages[2]);
	/* Neighbours, but the halves of two different blocks. */
	assert_int_equal(free_blocks(0), 2);
	__free_page(pages[0]);
	assert_int_equal(free_blocks(0), 1);
	__free_page(pages[3]);
	assert_int_equal(free_blocks(0), 0);
	assert_free_lists_are_sound();
}

static void test_exhaustion(void **state)
{
	struct page *first = NULL, *page;
	unsigned long nr = 0;

	(void)state;
	while ((page = alloc_pages(GFP_KERNEL, MAX_PAGE_ORDER))) {
		page->lru.next = (struct list_head *)first;
		first = page;
		nr++;
	}
	assert_int_equal(nr, NR_PAGES >> MAX_PAGE_ORDER);
	assert_int_equal(nr_free_pages(), 0);
	assert_null(alloc_page(GFP_KERNEL));
	while (first) {
		page = first;
		first = (struct page *)page->lru.next;
		__free_pages(page, MAX_PAGE_ORDER);
	}
	assert_int_equal(nr_free_pages(), NR_PAGES);
}

static void test_odd_number_of_pages(void **state)
{
	struct pagesim_config config;
	struct page *pages[11];

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = 11;
	config.no_pcp = true;
	assert_int_equal(pagesim_boot(&config), 0);
	assert_int_equal(nr_free_pages(), 11);
	for (int i = 0; i < 11; i++)
		assert_non_null(pages[i] = alloc_page(GFP_KERNEL));
	assert_null(alloc_page(GFP_KERNEL));
	for (int i = 0; i < 11; i++)
		__free_page(pages[i]);
	assert_free_lists_are_sound();
	/* 8 + 2 + 1 */
	assert_int_equal(free_blocks(3), 1);
	assert_int_equal(free_blocks(1), 1);
	assert_int_equal(free_blocks(0), 1);
	assert_int_equal(pagesim_shutdown(), 0);
}

static void test_is_free_buddy_page(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 4);

	(void)state;
	for (unsigned long i = 0; i < 16; i++)
		assert_false(is_free_buddy_page(page + i));
	__free_pages(page, 4);
	for (unsigned long i = 0; i < 16; i++)
		assert_true(is_free_buddy_page(page + i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		zone_test(test_split_and_merge),
		zone_test(test_buddies_merge_only_with_buddies),
		zone_test(test_exhaustion),
		cmocka_unit_test(test_odd_number_of_pages),
		zone_test(test_is_free_buddy_page),
	};

	return cmocka_run_group_tests_name("buddy", tests, NULL, NULL);
}
