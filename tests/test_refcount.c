// SPDX-License-Identifier: MIT
// Floor: 5
#include <errno.h>
#include "test.h"
#include <pagesim/page_alloc.h>
#include <pagesim/refcount.h>
#include "compound_pages.h"
#include "threads.h"

/*
 * With a step between a look at a page's head and what is done with it, which
 * is too short for another thread to get in between when a test wants it to.
 */
static void (*after_look)(void);

static struct folio *page_folio_and_step(struct page *page)
{
	struct folio *folio = page_folio(page);
	void (*step)(void) = after_look;

	after_look = NULL;
	if (step)
		step();
	return folio;
}

#pragma push_macro("page_folio")
#undef page_folio
#define page_folio(page) page_folio_and_step(page)
#include "../src/refcount.c"
#pragma pop_macro("page_folio")

static void test_get_and_put(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);
	struct page *page = &folio->page;

	(void)state;
	/* A tail's own count is 0; all go to the head. */
	assert_int_equal(page_ref_count(page + 1), 0);
	folio_get(folio);
	get_page(page + 1);
	assert_true(try_get_page(page + 2));
	assert_true(folio_try_get(folio));
	assert_int_equal(page_count(page + 3), 5);
	assert_int_equal(page_ref_count(page + 1), 0);
	put_page(page + 3);
	folio_put(folio);
	folio_put_refs(folio, 2);
	assert_int_equal(folio_ref_count(folio), 1);
	folio_put(folio);
	drain_all_pages(NULL);
	assert_true(is_free_buddy_page(page));
	assert_false(PageTail(page + 1));
}

static void test_last_put_frees(void **state)
{
	unsigned long free = nr_free_pages();
	struct folio *folio = folio_alloc(GFP_KERNEL, 4);

	(void)state;
	folio_set_lru(folio);
	folio_set_active(folio);
	folio_get(folio);
	folio_put_refs(folio, 2);
	assert_int_equal(nr_free_pages(), free);
	assert_int_equal(folio->flags & PAGEFLAGS_MASK, 0);
}

/* What a walker meets. */
static void test_conditional_gets(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);
	struct page *page = &folio->page;

	(void)state;
	assert_ptr_equal(folio_get_nontail_page(page), folio);
	assert_null(folio_get_nontail_page(page + 1));
	folio_put(folio);
	assert_true(folio_ref_freeze(folio, 1));
	assert_false(folio_try_get(folio));
	assert_false(get_page_unless_zero(page));
	assert_null(folio_get_nontail_page(page));
	folio_ref_unfreeze(folio, 1);
	folio_put(folio);
	assert_false(folio_try_get(folio)); /* free */
}

static void test_wrong_gets_and_puts(void **state)
{
	struct expected_report expected;
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);
	struct page *page = &folio->page;
	bool got = true;

	(void)state;
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM) {
		folio_set_count(folio, 0);
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "zero_or_close_to_overflow", folio_get(folio));
		assert_non_null(strstr(expected.console, "refcount:0 "));
		folio_set_count(folio, -127);
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "zero_or_close_to_overflow", get_page(page));
		folio_set_count(folio, 0);
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "page_ref_count(page) == 0", folio_put(folio));
		folio_set_count(folio, 1);
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "PageTail(page)", set_page_refcounted(page + 1));
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "page_ref_count(page)",
			      set_page_refcounted(page));
	}
	/* Always on: one more would be one too many. */
	folio_set_count(folio, -1);
	expect_report(&expected, PAGESIM_REPORT_WARN, "<= 0",
		      got = try_get_page(page + 1));
	assert_false(got);
	folio_set_count(folio, 1);
	folio_put(folio);
}

/* ---- pins ---- */

static void test_pins_of_a_small_folio(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	assert_false(folio_maybe_dma_pinned(folio));
	assert_int_equal(try_grab_folio(folio, 2, FOLL_PIN), 0);
	assert_int_equal(folio_ref_count(folio), 1 + 2 * 1024);
	assert_true(folio_maybe_dma_pinned(folio));
	gup_put_folio(folio, 2, FOLL_PIN);
	assert_false(folio_maybe_dma_pinned(folio));
	/* References enough look like a pin. */
	assert_int_equal(try_grab_folio(folio, 1023, FOLL_GET), 0);
	assert_true(folio_maybe_dma_pinned(folio));
	gup_put_folio(folio, 1023, FOLL_GET);
	/* A count that has overflown is read as a large one. */
	folio_set_count(folio, -5);
	assert_true(folio_maybe_dma_pinned(folio));
	folio_set_count(folio, 1);
	folio_put(folio);
}

static void test_pins_of_a_large_folio(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 3);

	(void)state;
	assert_int_equal(try_grab_folio(folio, 3, FOLL_PIN), 0);
	assert_int_equal(folio_ref_count(folio), 1 + 3);
	assert_int_equal(atomic_read(&folio->_pincount), 3);
	assert_true(folio_maybe_dma_pinned(folio));
	/* Plain references, however many, are no pins. */
	assert_int_equal(try_grab_folio(folio, 5000, FOLL_GET), 0);
	gup_put_folio(folio, 3, FOLL_PIN);
	assert_false(folio_maybe_dma_pinned(folio));
	gup_put_folio(folio, 5000, FOLL_GET);
	assert_ptr_equal(try_grab_folio_fast(folio_page(folio, 5), 2, FOLL_PIN),
			 folio);
	assert_int_equal(atomic_read(&folio->_pincount), 2);
	gup_put_folio(folio, 2, FOLL_PIN);
	assert_int_equal(folio_ref_count(folio), 1);
	folio_put(folio);
}

static void test_fast_pin_of_a_small_folio(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	assert_ptr_equal(try_grab_folio_fast(&folio->page, 1, FOLL_PIN), folio);
	assert_int_equal(folio_ref_count(folio), 1 + 1024);
	gup_put_folio(folio, 1, FOLL_PIN);
	assert_ptr_equal(try_grab_folio_fast(&folio->page, 1, FOLL_GET), folio);
	gup_put_folio(folio, 1, FOLL_GET);
	assert_true(folio_ref_freeze(folio, 1));
	assert_null(try_grab_folio_fast(&folio->page, 1, FOLL_PIN));
	assert_null(try_grab_folio_fast(&folio->page, 1, FOLL_GET));
	folio_ref_unfreeze(folio, 1);
	folio_put(folio);
}

/* By the time that its count goes up, the head is not the page's any more. */
static struct page *block;

static void split_it(void)
{
	destroy_compound_page(block, 2);
	for (int i = 1; i < 4; i++)
		set_page_count(block + i, 1);
}

static void test_stale_head(void **state)
{
	static const unsigned int flags[] = { FOLL_GET, FOLL_PIN };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct folio *folio = folio_alloc(GFP_KERNEL, 2);

		block = &folio->page;
		after_look = split_it;
		assert_ptr_equal(try_grab_folio_fast(block + 3, 1, flags[i]),
				 block + 3);
		assert_null(after_look);
		assert_int_equal(page_ref_count(block), 1);
		assert_int_equal(page_ref_count(block + 3),
				 1 + (i ? GUP_PIN_COUNTING_BIAS : 1));
		gup_put_folio((struct folio *)(block + 3), 1, flags[i]);
		for (int page = 0; page < 4; page++)
			put_page(block + page);
	}
}

static void test_zero_page_is_not_pinned(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	zero_pfn = page_to_pfn(&folio->page);
	assert_int_equal(try_grab_folio(folio, 1, FOLL_PIN), 0);
	assert_ptr_equal(try_grab_folio_fast(&folio->page, 1, FOLL_PIN), folio);
	assert_int_equal(folio_ref_count(folio), 1);
	gup_put_folio(folio, 2, FOLL_PIN);
	assert_int_equal(folio_ref_count(folio), 1);
	folio_put(folio);
}

static void test_grab_of_what_cannot_be(void **state)
{
	struct expected_report expected;
	struct folio *folio = folio_alloc(GFP_KERNEL, 0), *got = folio;
	int err = 0;

	(void)state;
	assert_true(folio_ref_freeze(folio, 1));
	expect_report(&expected, PAGESIM_REPORT_WARN, "<= 0",
		      err = try_grab_folio(folio, 1, FOLL_GET));
	assert_int_equal(err, -ENOMEM);
	folio_set_count(folio, -1);
	expect_report(&expected, PAGESIM_REPORT_WARN, "< 0",
		      got = try_grab_folio_fast(&folio->page, 1, FOLL_GET));
	assert_null(got);
	folio_set_count(folio, 1);
	expect_report(&expected, PAGESIM_REPORT_WARN, "FOLL_GET",
		      got = try_grab_folio_fast(&folio->page, 1, 0));
	assert_null(got);
	folio_put(folio);
}

static void test_unpin(void **state)
{
	struct folio *small = folio_alloc(GFP_KERNEL, 0);
	struct folio *large = folio_alloc(GFP_KERNEL, 3);
	struct page *pages[] = { folio_page(large, 1), folio_page(large, 2),
				 NULL, &small->page, folio_page(large, 2) };

	(void)state;
	assert_false(folio_has_pincount(small));
	assert_true(folio_has_pincount(large));
	assert_int_equal(try_grab_folio(small, 3, FOLL_PIN), 0);
	assert_int_equal(try_grab_folio(large, 7, FOLL_PIN), 0);
	unpin_user_pages(pages, ARRAY_SIZE(pages));
	assert_int_equal(folio_ref_count(small), 1 + 2 * 1024);
	assert_int_equal(folio_ref_count(large), 1 + 4);
	assert_int_equal(atomic_read(&large->_pincount), 4);
	unpin_user_page(&small->page);
	unpin_user_page(folio_page(large, 7));
	assert_int_equal(folio_ref_count(small), 1 + 1024);
	assert_int_equal(atomic_read(&large->_pincount), 3);
	unpin_folio(small);
	unpin_user_folio(large, 3);
	assert_int_equal(folio_ref_count(small), 1);
	assert_int_equal(folio_ref_count(large), 1);
	assert_false(folio_maybe_dma_pinned(large));
	/* The last pin may be the last reference. */
	assert_int_equal(try_grab_folio(small, 1, FOLL_PIN), 0);
	folio_put(small);
	unpin_user_pages(&pages[3], 1);
	assert_int_equal(folio_ref_count(small), 0);
	folio_put(large);
}

static void test_wrong_unpins(void **state)
{
	struct expected_report expected;
	struct folio *large = folio_alloc(GFP_KERNEL, 3);
	struct page *page = folio_page(large, 5);

	(void)state;
	assert_int_equal(try_grab_folio(large, 2, FOLL_PIN), 0);
	expect_report(&expected, PAGESIM_REPORT_WARN, "IS_ERR_VALUE(npages)",
		      unpin_user_pages(&page, (unsigned long)-ENOMEM));
	large->mapping = (struct address_space *)PAGE_MAPPING_ANON;
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM) {
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "!PageAnonExclusive(page)",
			      unpin_user_page(page));
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "!PageAnonExclusive(page)",
			      unpin_user_pages(&page, 1));
	}
	/* The page's or, of a mapping as a whole, the head's. */
	SetPageAnonExclusive(page);
	unpin_user_page(page);
	ClearPageAnonExclusive(page);
	SetPageAnonExclusive(&large->page);
	unpin_user_page(page);
	ClearPageAnonExclusive(&large->page);
	assert_int_equal(folio_ref_count(large), 1);
	large->mapping = NULL;
	folio_put(large);
}

static void test_wrong_unpins_of_a_single_page(void **state)
{
	struct expected_report expected;
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	assert_int_equal(try_grab_folio(folio, 2, FOLL_PIN), 0);
	folio->mapping = (struct address_space *)PAGE_MAPPING_ANON;
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM)
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "!PageAnonExclusive(&folio->page)",
			      unpin_user_page(&folio->page));
	unpin_folio(folio); /* does not look */
	SetPageAnonExclusive(&folio->page);
	unpin_user_page(&folio->page);
	ClearPageAnonExclusive(&folio->page);
	folio->mapping = NULL;
	folio_put(folio);
}

/* ---- two threads ---- */

/*
 * Two users with a reference each; the last put of each round is one of
 * theirs, and sees what the other wrote before his.
 */
#define ROUNDS scaled(20000)

static struct page *shared;
static unsigned long begun, frees, notes[2], lost;

static void use_and_put(void *arg)
{
	unsigned long me = (unsigned long)arg;

	for (unsigned long i = 1; i <= ROUNDS; i++) {
		while (smp_load_acquire(&begun) != i)
			platform_relax();
		notes[me] = i; /* plain */
		if (!put_page_testzero(shared))
			continue;
		lost += notes[!me] != i;
		frees++;
		if (i == ROUNDS)
			return;
		set_page_count(shared, 2);
		smp_store_release(&begun, i + 1);
	}
}

static void test_last_put(void **state)
{
	(void)state;
	shared = alloc_page(GFP_KERNEL);
	set_page_count(shared, 2);
	smp_store_release(&begun, 1);
	run_two(use_and_put, (void *)0UL, use_and_put, (void *)1UL);
	assert_int_equal(frees, ROUNDS);
	assert_int_equal(lost, 0);
	set_page_count(shared, 1);
	put_page(shared);
}

/*
 * One thread allocates and frees folios of all sizes, the other takes
 * references on whatever it finds, and looks again. What it holds then, it
 * holds: the page keeps belonging to the folio.
 */
static bool done;
static unsigned long held, moved;

static void own(void *arg)
{
	unsigned long seed = 1;

	(void)arg;
	for (unsigned long i = 0; i < scaled(50000); i++) {
		struct folio *folio;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		folio = folio_alloc(GFP_KERNEL, (unsigned int)(seed >> 61));
		folio_put(folio);
	}
	smp_store_release(&done, true);
}

static void walk(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; !smp_load_acquire(&done); i++) {
		struct page *page = pfn_to_page(i % 1024);
		struct folio *folio = page_folio(page);

		if (!folio_try_get(folio))
			continue;
		if (page_folio(page) == folio) {
			held++;
			for (int look = 0; look < 10; look++)
				moved += page_folio(page) != folio;
		}
		folio_put(folio);
	}
}

static void test_walkers_and_owners(void **state)
{
	unsigned long free = nr_free_pages();

	(void)state;
	run_two(own, NULL, walk, NULL);
	print_message("%lu references held\n", held);
	assert_int_equal(moved, 0);
	assert_int_equal(nr_free_pages(), free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_get_and_put),
		machine_test(test_last_put_frees),
		machine_test(test_conditional_gets),
		machine_test(test_wrong_gets_and_puts),
		machine_test(test_pins_of_a_small_folio),
		machine_test(test_pins_of_a_large_folio),
		machine_test(test_fast_pin_of_a_small_folio),
		machine_test(test_stale_head),
		machine_test(test_zero_page_is_not_pinned),
		machine_test(test_grab_of_what_cannot_be),
		machine_test(test_unpin),
		machine_test(test_wrong_unpins),
		machine_test(test_wrong_unpins_of_a_single_page),
		machine_test(test_walkers_and_owners),
		machine_test(test_last_put),
	};

	return cmocka_run_group_tests_name("refcount", tests, NULL, NULL);
}
