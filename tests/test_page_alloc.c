// SPDX-License-Identifier: MIT
// Floor: 5
#include <errno.h>
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

/* What its user kept there: a CPU's list leaves it as it finds it. */
static void test_private_goes(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	set_page_private(page, 0xabc);
	__free_page(page);
	assert_false(PageBuddy(page));
	assert_int_equal(page_private(page), 0);
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
	page_ref_inc(page);
	__free_pages(page, 3);
	assert_int_equal(nr_free_pages(), NR_PAGES - 1);
	assert_int_equal(page_count(page), 1);
	drain_all_pages(NULL);
	assert_true(is_free_buddy_page(page + 1));
	__free_page(page);
	assert_int_equal(nr_free_pages(), NR_PAGES);
	assert_free_lists_are_sound();
}

/* Compound: nothing is freed before the last put. */
static void put_twice(struct page *page, unsigned int order)
{
	assert_true(get_page_unless_zero(page));
	__free_pages(page, order);
	assert_int_equal(nr_free_pages(), NR_PAGES - (1UL << order));
	put_page(page);
	assert_int_equal(nr_free_pages(), NR_PAGES);
}

static void test_free_pages_variants(void **state)
{
	const struct pagesim_generation *variant;
	struct page *page;

	(void)state;
	for (variant = pagesim_free_pages_variants; variant->version;
	     variant++) {
		assert_non_null(variant->provenance);
		assert_int_equal(pagesim_free_pages_variant(variant->version),
				 0);
		page = alloc_pages(GFP_KERNEL, 3);
		__free_pages(page, 3);
		assert_int_equal(nr_free_pages(), NR_PAGES);
		put_twice(alloc_pages(GFP_KERNEL | __GFP_COMP, 3), 3);
	}
	assert_int_equal(pagesim_free_pages_variant("5.10"), 0);
	test_free_with_a_speculative_reference(state);
	assert_int_equal(pagesim_free_pages_variant("2.4"), -EINVAL);
	assert_non_null(strstr(pagesim_error(), "\"2.4\" of __free_pages()"));
}

/* Until v5.9 the other's put freed the first page, and nobody the others. */
static void test_free_pages_5_9(void **state)
{
	struct expected_report expected;
	struct page *page;
	unsigned long leaked = 0;

	boot_machine(state);
	assert_int_equal(pagesim_free_pages_variant("5.9"), 0);
	page = alloc_pages(GFP_KERNEL, 3);
	assert_true(get_page_unless_zero(page));
	__free_pages(page, 3);
	assert_int_equal(nr_free_pages(), NR_PAGES - 8);
	put_page(page);
	assert_int_equal(nr_free_pages(), NR_PAGES - 7);
	expect_report(&expected, PAGESIM_REPORT_LEAK, "7 pages",
		      leaked = pagesim_shutdown());
	assert_int_equal(leaked, 7);
	/* The next machine is v6.12's again. */
	boot_machine(state);
	test_free_with_a_speculative_reference(state);
	assert_int_equal(pagesim_shutdown(), 0);
}

static void test_frozen_pages(void **state)
{
	struct page *page = alloc_frozen_pages(GFP_KERNEL | __GFP_COMP, 2);

	(void)state;
	assert_int_equal(page_ref_count(page), 0);
	assert_int_equal(compound_order(page), 2);
	assert_null(folio_get_nontail_page(page));
	free_frozen_pages(page, 2);
	assert_int_equal(nr_free_pages(), NR_PAGES);
	pagesim_inject_fail_nth(1);
	assert_null(alloc_frozen_pages(GFP_KERNEL, 0));
}

/*
 * What a walker can see of an allocation: a count of 1 while the last tail is
 * none yet. Allocations have odd phases; what was read between two equal ones
 * belongs to one.
 */
#define WATCHED_ORDER 8
#define LAST_TAIL ((1UL << WATCHED_ORDER) - 1)

static unsigned long phase, early_counts, looks;
static bool until_seen, over;

static void allocate_and_free(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; i < scaled(20000) || !READ_ONCE(looks) ||
				  (until_seen && !READ_ONCE(early_counts));
	     i++) {
		struct page *page;

		smp_store_release(&phase, 2 * i + 1);
		page = alloc_pages(GFP_KERNEL | __GFP_COMP, WATCHED_ORDER);
		smp_store_release(&phase, 2 * i + 2);
		__free_pages(page, WATCHED_ORDER);
	}
	smp_store_release(&over, true);
}

static void look_at_allocations(void *arg)
{
	const struct page *page = arg;

	while (!smp_load_acquire(&over)) {
		unsigned long run = smp_load_acquire(&phase);
		bool counted, linked, begun;

		begun = smp_load_acquire(&page[1].compound_head) & 1;
		counted = smp_load_acquire(&page->_refcount.counter) == 1;
		linked = smp_load_acquire(&page[LAST_TAIL].compound_head) & 1;
		if (!(run & 1) || smp_load_acquire(&phase) != run)
			continue;
		WRITE_ONCE(looks, looks + (begun && !linked));
		WRITE_ONCE(early_counts, early_counts + (counted && !linked));
	}
}

static void watch_allocations(const char *version)
{
	struct page *page = alloc_pages(GFP_KERNEL, WATCHED_ORDER);

	assert_int_equal(pagesim_alloc_variant(version), 0);
	__free_pages(page, WATCHED_ORDER);
	looks = early_counts = 0;
	over = false;
	run_two(allocate_and_free, NULL, look_at_allocations, page);
	print_message("%s: %lu looks into an allocation, %lu early counts\n",
		      version, looks, early_counts);
}

static void test_alloc_variants(void **state)
{
	(void)state;
	until_seen = true;
	watch_allocations("6.12");
	assert_true(early_counts > 0);
	until_seen = false;
	watch_allocations("6.14");
	assert_int_equal(early_counts, 0);
	assert_int_equal(pagesim_alloc_variant("6.13"), -EINVAL);
	assert_non_null(strstr(pagesim_error(), "6.13"));
	for (int i = 0; pagesim_alloc_variants[i].version; i++)
		assert_non_null(pagesim_alloc_variants[i].provenance);
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
		machine_test(test_private_goes),
		machine_test(test_compound),
		machine_test(test_too_large_an_order),
		machine_test(test_freeing_a_tail_is_reported),
		machine_test(test_order_mismatch_is_reported),
		machine_test(test_stray_mlocked),
		machine_test(test_broken_memory_is_parked),
		machine_test(test_broken_memory_in_a_block),
		cmocka_unit_test(test_no_machine),
		machine_test(test_free_with_a_speculative_reference),
		machine_test(test_free_pages_variants),
		cmocka_unit_test(test_free_pages_5_9),
		machine_test(test_frozen_pages),
		machine_test(test_alloc_variants),
		machine_test(test_nth_folio_alloc_fails),
		machine_test(test_flags_do_not_outlive_the_free),
		machine_test(test_four_threads),
		machine_test(test_walker),
	};

	return cmocka_run_group_tests_name("page_alloc", tests, NULL, NULL);
}
