// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/inject.h>
#include <pagesim/kpageflags.h>
#include <pagesim/page_alloc.h>
#include <pagesim/refcount.h>

#include "free_lists.h"
#include "threads.h"

#define NR_PAGES (1UL << 14) /* of test.h's machine */

static void test_each_order(void **state)
{
	(void)state;
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		assert_non_null(page);
		assert_true(IS_ALIGNED(page_to_pfn(page), 1UL << order));
		assert_int_equal(page_count(page), 1);
		assert_false(PageBuddy(page));
		assert_false(PageCompound(page));
		assert_int_equal(page_private(page), 0);
		assert_int_equal(nr_free_pages(), NR_PAGES - (1UL << order));
		__free_pages(page, order);
		assert_free_lists_are_sound();
	}
}

static void test_compound(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 9);
	struct page *page = &folio->page;

	(void)state;
	assert_int_equal(folio_order(folio), 9);
	assert_ptr_equal(page_folio(page + 511), folio);
	__free_pages(page, 9);
	assert_false(PageCompound(page));
	assert_false(PageTail(page + 511));
	assert_free_lists_are_sound();
	folio = folio_alloc(GFP_KERNEL, 4);
	assert_true(folio_test_large_rmappable(folio));
	__free_pages(&folio->page, 4);
	folio = folio_alloc(GFP_KERNEL, 0);
	assert_false(folio_test_large(folio));
	__free_pages(&folio->page, 0);
}

static void test_too_large_an_order(void **state)
{
	struct expected_report expected;
	struct page *page = pfn_to_page(0);

	(void)state;
	expect_report(&expected, PAGESIM_REPORT_WARN, "MAX_PAGE_ORDER",
		      page = alloc_pages(GFP_KERNEL, MAX_PAGE_ORDER + 1));
	assert_null(page);
}

static void test_freeing_a_tail_is_reported(void **state)
{
	struct expected_report expected;
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);

	(void)state;
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM)
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "page_ref_count(page) == 0",
			      __free_pages(&folio->page + 1, 0));
	__free_pages(&folio->page, 2);
}

static void test_order_mismatch_is_reported(void **state)
{
	struct expected_report expected;
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);

	(void)state;
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM) {
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "compound_order(page) != order",
			      __free_pages(&folio->page, 1));
		assert_false(spin_is_locked(&pagesim_zone.lock));
		set_page_count(&folio->page, 1);
	}
	__free_pages(&folio->page, 2);
}

/* munlock() and truncation may race: no harm. */
static void test_stray_mlocked(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);

	(void)state;
	folio_set_mlocked(folio);
	__free_pages(&folio->page, 2);
	assert_int_equal(nr_free_pages(), NR_PAGES);
	assert_false(folio_test_mlocked(folio));
}

static void test_broken_memory_is_parked(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	SetPageHWPoison(page);
	__free_page(page);
	assert_int_equal(nr_free_pages(), NR_PAGES - 1);
	assert_false(is_free_buddy_page(page));
	assert_ptr_not_equal(alloc_page(GFP_KERNEL), page);
	__free_page(page + 1); /* which was the one that was got */
	assert_int_equal(pagesim_nr_allocated(), 0);
}

/* Of a larger block the broken page is freed, and found by who allocates. */
static void test_broken_memory_in_a_block(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	(void)state;
	SetPageHWPoison(page);
	__free_pages(page, 1);
	assert_int_equal(nr_free_pages(), NR_PAGES);
}

static void test_no_machine(void **state)
{
	struct expected_report expected;

	(void)state;
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "!max_pfn",
		      alloc_page(GFP_KERNEL));
}

/*
 * Somebody else holds a reference on the first page of a block that is not
 * compound: the others are freed at once, the first by the other's put.
 */
static void test_free_with_a_speculative_reference(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	(void)state;
	atomic_inc(&page->_refcount);
	__free_pages(page, 3);
	assert_int_equal(nr_free_pages(), NR_PAGES - 1);
	assert_int_equal(page_count(page), 1);
	drain_all_pages(NULL);
	assert_true(is_free_buddy_page(page + 1));
	__free_page(page);
	assert_int_equal(nr_free_pages(), NR_PAGES);
	assert_free_lists_are_sound();
}

/* An allocation that takes several folios undoes what it has. */
static bool three_folios(struct folio *folios[3])
{
	for (unsigned int i = 0; i < 3; i++) {
		folios[i] = folio_alloc(GFP_KERNEL, i);
		if (folios[i])
			continue;
		while (i-- > 0)
			folio_put(folios[i]);
		return false;
	}
	return true;
}

static void test_nth_folio_alloc_fails(void **state)
{
	struct folio *folios[3], *sure;
	unsigned long n = 0;

	(void)state;
	do {
		pagesim_inject_fail_nth(++n);
		assert_int_equal(three_folios(folios), n > 3);
		assert_int_equal(pagesim_nr_injected(), n <= 3);
		assert_int_equal(nr_free_pages(), NR_PAGES - (n > 3 ? 7 : 0));
	} while (pagesim_nr_injected());
	pagesim_inject_fail_nth(1);
	sure = folio_alloc(GFP_KERNEL | __GFP_NOFAIL, 3);
	assert_non_null(sure);
	assert_null(folio_alloc(GFP_KERNEL, 3));
	assert_int_equal(pagesim_nr_allocated(), 15);
	for (int i = 0; i < 3; i++)
		folio_put(folios[i]);
	folio_put(sure);
}

static void test_flags_do_not_outlive_the_free(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	SetPageUptodate(page);
	folio_set_referenced((struct folio *)page);
	page->mapping = (struct address_space *)(0x1000 | PAGE_MAPPING_ANON);
	__free_page(page);
	assert_int_equal(page->flags & PAGEFLAGS_MASK, 0);
	assert_null(page->mapping);
	assert_int_equal(page_zonenum(page), ZONE_NORMAL);
}

/* Each thread writes its name into what it got: nobody else may have it. */
static void hammer(void *arg)
{
	unsigned long name = (unsigned long)arg, seed = name;
	struct page *held[16] = { NULL };
	unsigned int orders[16] = { 0 };

	for (unsigned long i = 0; i < scaled(20000); i++) {
		unsigned int slot, order;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		slot = (unsigned int)(seed >> 60);
		order = (unsigned int)(seed >> 40) % 6;
		if (held[slot]) {
			if (held[slot]->index != name)
				abort();
			__free_pages(held[slot], orders[slot]);
		}
		held[slot] = alloc_pages(
			seed & 1UL << 33 ? GFP_KERNEL | __GFP_COMP : GFP_KERNEL,
			order);
		orders[slot] = order;
		if (held[slot])
			held[slot]->index = name;
	}
	for (int i = 0; i < 16; i++)
		if (held[i])
			__free_pages(held[i], orders[i]);
}

/* Any page, at any time, with nothing held: as compaction and /proc do. */
static bool walk_on;

static void walk(void *arg)
{
	unsigned long words = 0;

	(void)arg;
	while (smp_load_acquire(&walk_on)) {
		for (unsigned long pfn = 0; pfn < 4096; pfn += 3) {
			struct page *page = compound_head(pfn_to_page(pfn));

			words += test_bit(PG_locked, &page->flags);
			words += pagesim_kpageflags(pfn);
			words += pagesim_kpagecount(pfn);
			words += (unsigned long)page_ref_count(page);
		}
	}
	WRITE_ONCE(walk_on, words == ~0UL);
}

static void test_walker(void **state)
{
	struct platform_thread threads[2];

	(void)state;
	walk_on = true;
	assert_int_equal(platform_thread_create(&threads[0], walk, NULL), 0);
	assert_int_equal(
		platform_thread_create(&threads[1], hammer, (void *)1UL), 0);
	platform_thread_join(&threads[1]);
	smp_store_release(&walk_on, false);
	platform_thread_join(&threads[0]);
	assert_int_equal(nr_free_pages(), NR_PAGES);
}

static void test_four_threads(void **state)
{
	struct platform_thread threads[4];

	(void)state;
	for (unsigned long i = 0; i < 4; i++)
		assert_int_equal(platform_thread_create(&threads[i], hammer,
							(void *)(i + 1)),
				 0);
	for (int i = 0; i < 4; i++)
		platform_thread_join(&threads[i]);
	assert_free_lists_are_sound();
	assert_int_equal(nr_free_pages(), NR_PAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_each_order),
		machine_test(test_compound),
		machine_test(test_too_large_an_order),
		machine_test(test_freeing_a_tail_is_reported),
		machine_test(test_order_mismatch_is_reported),
		machine_test(test_stray_mlocked),
		machine_test(test_broken_memory_is_parked),
		machine_test(test_broken_memory_in_a_block),
		cmocka_unit_test(test_no_machine),
		machine_test(test_free_with_a_speculative_reference),
		machine_test(test_nth_folio_alloc_fails),
		machine_test(test_flags_do_not_outlive_the_free),
		machine_test(test_four_threads),
		machine_test(test_walker),
	};

	return cmocka_run_group_tests_name("page_alloc", tests, NULL, NULL);
}
