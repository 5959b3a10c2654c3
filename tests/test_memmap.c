// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/folio.h>
#include <pagesim/list.h>
#include <pagesim/memmap.h>

static void test_pfn_and_page(void **state)
{
	(void)state;
	for (unsigned long pfn = 0; pfn < max_pfn; pfn += 1021) {
		assert_ptr_equal(pfn_to_page(pfn), vmemmap + pfn);
		assert_int_equal(page_to_pfn(pfn_to_page(pfn)), pfn);
	}
	assert_true(pfn_valid(max_pfn - 1));
	assert_false(pfn_valid(max_pfn));
}

/* v7.1's mask encoding lives on it. */
static void test_map_is_naturally_aligned(void **state)
{
	(void)state;
	assert_true(
		IS_ALIGNED((unsigned long)vmemmap,
			   sizeof(struct page) << PAGESIM_MEMMAP_ALIGN_ORDER));
}

static void test_absent_frames(void **state)
{
	(void)state;
	assert_ptr_equal(pfn_to_online_page(7), pfn_to_page(7));
	pagesim_set_absent(7);
	assert_null(pfn_to_online_page(7));
	assert_non_null(pfn_to_online_page(6));
	assert_non_null(pfn_to_online_page(8));
	assert_null(pfn_to_online_page(max_pfn));
}

static void test_init_single_page(void **state)
{
	struct page *page = pfn_to_page(3);

	(void)state;
	memset(page, 0xff, sizeof(*page));
	__init_single_page(page, 3, ZONE_NORMAL, 0);
	assert_int_equal(page->flags & PAGEFLAGS_MASK, 0);
	assert_int_equal(page_zonenum(page), ZONE_NORMAL);
	assert_int_equal(page_count(page), 1);
	assert_int_equal(atomic_read(&page->_mapcount), -1);
	assert_true(list_empty(&page->lru));
	assert_null(page->mapping);
	assert_int_equal(page->memcg_data, 0);
}

static void test_zero_page(void **state)
{
	(void)state;
	assert_false(is_zero_pfn(0));
	assert_false(is_huge_zero_folio((struct folio *)pfn_to_page(0)));
	zero_pfn = 5;
	assert_true(is_zero_pfn(5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_pfn_and_page),
		machine_test(test_map_is_naturally_aligned),
		machine_test(test_absent_frames),
		machine_test(test_init_single_page),
		machine_test(test_zero_page),
	};

	return cmocka_run_group_tests_name("memmap", tests, NULL, NULL);
}
