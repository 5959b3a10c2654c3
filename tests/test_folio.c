// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/folio.h>
#include <pagesim/list.h>
#include <pagesim/memmap.h>

static struct page *fresh_pages(unsigned int order)
{
	struct page *page = pfn_to_page(0);

	for (unsigned long i = 0; i < 1UL << order; i++) {
		__init_single_page(page + i, ZONE_NORMAL);
		set_page_count(page + i, i == 0);
		set_page_private(page + i, 0xabc);
	}
	return page;
}

static void test_prep_compound_page(void **state)
{
	(void)state;
	for (unsigned int order = 1; order <= 10; order++) {
		struct page *page = fresh_pages(order);
		struct folio *folio = (struct folio *)page;

		prep_compound_page(page, order);
		assert_true(PageHead(page));
		assert_false(PageTail(page));
		assert_int_equal(folio_order(folio), order);
		assert_int_equal(compound_order(page), order);
		assert_int_equal(folio_nr_pages(folio), 1L << order);
		assert_int_equal(folio_mapcount(folio), 0);
		assert_int_equal(folio_entire_mapcount(folio), 0);
		assert_int_equal(atomic_read(&folio->_nr_pages_mapped), 0);
		assert_int_equal(atomic_read(&folio->_pincount), 0);
		if (order > 1)
			assert_true(list_empty(&folio->_deferred_list));
		for (unsigned long i = 1; i < 1UL << order; i++) {
			assert_true(PageTail(page + i));
			assert_ptr_equal(page_folio(page + i), folio);
			assert_int_equal(folio_page_idx(folio, page + i), i);
			assert_int_equal(page_private(page + i), 0);
			assert_int_equal(page_ref_count(page + i), 0);
			/* The first two keep the folio's own state there. */
			if (i > 2)
				assert_ptr_equal(page[i].mapping, TAIL_MAPPING);
		}
	}
}

/* Order 9 in the second page's flags reads as locked and uptodate: no flags. */
static void test_order_looks_like_flags(void **state)
{
	struct page *page = fresh_pages(9);

	(void)state;
	prep_compound_page(page, 9);
	assert_int_equal(page[1].flags & 0xff, 9);
	assert_false(PageLocked(page + 1)); /* asks the head */
	assert_true(test_bit(PG_locked, &page[1].flags));
}

static void test_destroy_compound_page(void **state)
{
	struct page *page = fresh_pages(5);

	(void)state;
	prep_compound_page(page, 5);
	folio_set_large_rmappable((struct folio *)page);
	SetPageHWPoison(page + 3);
	destroy_compound_page(page, 5);
	for (unsigned long i = 0; i < 32; i++) {
		assert_false(PageCompound(page + i));
		assert_int_equal(page[i].flags & PAGEFLAGS_MASK,
				 i == 3 ? __PG_HWPOISON : 0);
		assert_int_equal(page_zonenum(page + i), ZONE_NORMAL);
		assert_ptr_equal(compound_head(page + i), page + i);
	}
}

static void test_destroy_wants_the_order(void **state)
{
	struct expected_report expected;
	struct page *page = fresh_pages(5);

	(void)state;
	if (pagesim_built_debug() < PAGESIM_DEBUG_VM)
		skip();
	prep_compound_page(page, 5);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "compound_order",
		      destroy_compound_page(page, 4));
	assert_non_null(strstr(expected.console, "pfn:0\n"));
	assert_non_null(strstr(expected.console, "head: order:5"));
}

static void test_small_folio(void **state)
{
	struct folio *folio = (struct folio *)fresh_pages(0);

	(void)state;
	assert_int_equal(folio_order(folio), 0);
	assert_int_equal(folio_nr_pages(folio), 1);
	assert_int_equal(folio_mapcount(folio), 0);
	assert_false(folio_mapped(folio));
	atomic_set(&folio->_mapcount, 2);
	assert_int_equal(folio_mapcount(folio), 3);
	assert_true(page_mapped(&folio->page));
	assert_int_equal(folio_precise_page_mapcount(folio, &folio->page), 3);
}

/* The type lies over the map count: what is typed is never mapped. */
static void test_typed_folio_is_not_mapped(void **state)
{
	struct folio *folio = (struct folio *)fresh_pages(0);

	(void)state;
	__folio_set_slab(folio);
	assert_int_equal(folio_mapcount(folio), 0);
	assert_int_equal(folio_precise_page_mapcount(folio, &folio->page), 0);
	__folio_clear_slab(folio);
}

static void test_large_mapcounts(void **state)
{
	struct page *page = fresh_pages(2);
	struct folio *folio = (struct folio *)page;

	(void)state;
	prep_compound_page(page, 2);
	/* Page 2 by one PTE, the whole by one PMD. */
	atomic_set(&page[2]._mapcount, 0);
	atomic_set(&folio->_entire_mapcount, 0);
	atomic_set(&folio->_large_mapcount, 1);
	assert_int_equal(folio_mapcount(folio), 2);
	assert_int_equal(folio_precise_page_mapcount(folio, page), 1);
	assert_int_equal(folio_precise_page_mapcount(folio, page + 2), 2);
	assert_true(page_mapped(page + 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_prep_compound_page),
		machine_test(test_order_looks_like_flags),
		machine_test(test_destroy_compound_page),
		machine_test(test_destroy_wants_the_order),
		machine_test(test_small_folio),
		machine_test(test_typed_folio_is_not_mapped),
		machine_test(test_large_mapcounts),
	};

	return cmocka_run_group_tests_name("folio", tests, NULL, NULL);
}
