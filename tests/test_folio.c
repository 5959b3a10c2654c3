// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/folio.h>
#include <pagesim/list.h>
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>
#include <pagesim/refcount.h>
#include "threads.h"

static struct page *fresh_pages(unsigned int order)
{
	struct page *page = pfn_to_page(0);

	for (unsigned long i = 0; i < 1UL << order; i++) {
		__init_single_page(page + i, i, ZONE_NORMAL, 0);
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
		assert_int_equal(folio_test_pmd_mappable(folio), order >= 9);
		assert_int_equal(atomic_read(&folio->_large_mapcount), -1);
		assert_int_equal(atomic_read(&folio->_entire_mapcount), -1);
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

static void test_freed(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 5);
	struct page *page = &folio->page;

	(void)state;
	SetPageHWPoison(page + 3);
	folio_put(folio);
	for (unsigned long i = 0; i < 32; i++) {
		assert_false(PageCompound(page + i));
		assert_int_equal(page[i].flags & PAGEFLAGS_MASK,
				 i == 3 ? __PG_HWPOISON : 0);
		assert_int_equal(page_zonenum(page + i), ZONE_NORMAL);
		assert_ptr_equal(compound_head(page + i), page + i);
	}
}

static void test_free_wants_the_order(void **state)
{
	struct expected_report expected;
	struct folio *folio = folio_alloc(GFP_KERNEL, 5);

	(void)state;
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM) {
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "compound_order", __free_pages(&folio->page, 4));
		assert_non_null(strstr(expected.console, "head: order:5"));
		set_page_count(&folio->page, 1);
	}
	folio_put(folio);
}

static void test_small_folio(void **state)
{
	struct folio *folio = (struct folio *)fresh_pages(0);

	(void)state;
	assert_int_equal(folio_order(folio), 0);
	assert_int_equal(folio_nr_pages(folio), 1);
	assert_false(folio_test_pmd_mappable(folio));
}

/*
 * PG_head comes before the first tail and goes after the last, as a second
 * thread sees it. phase is odd while a run is under way: 4n + 1 allocation,
 * 4n + 3 free. What is read between two equal phases belongs to one run.
 *
 * The steps for a single tail follow each other too closely to be seen from
 * another thread; their order is for the explorer.
 */
#define WATCHED_ORDER 8
#define LAST_TAIL ((1UL << WATCHED_ORDER) - 1)

static unsigned long phase;
static bool over;

static struct {
	unsigned long preps, undoings, tails_without_head;
} seen;

/* Goes on until the other thread, which may be late, has seen enough. */
static void alloc_and_free(void *arg)
{
	struct folio *folio = arg;

	for (unsigned long i = 0; i < scaled(20000) || !READ_ONCE(seen.preps) ||
				  !READ_ONCE(seen.undoings);
	     i++) {
		smp_store_release(&phase, 4 * i + 1);
		assert_ptr_equal(folio_alloc(GFP_KERNEL, WATCHED_ORDER), folio);
		smp_store_release(&phase, 4 * i + 2);
		smp_store_release(&phase, 4 * i + 3);
		folio_put(folio);
		smp_store_release(&phase, 4 * i + 4);
	}
	smp_store_release(&over, true);
}

static bool is_tail(const struct page *page)
{
	return smp_load_acquire(&page->compound_head) & 1;
}

/* Each load is an acquire, so that a later one is not older. */
static void look(const struct page *page)
{
	unsigned long run = smp_load_acquire(&phase);
	bool first, head, last;

	if (!(run & 1))
		return;
	first = is_tail(page + 1);
	head = smp_load_acquire(&page->flags) & BIT(PG_head);
	last = is_tail(page + LAST_TAIL);
	if (smp_load_acquire(&phase) != run)
		return;
	if ((run & 3) == 1) {
		/* Prep goes upwards: one tail before, PG_head before that. */
		WRITE_ONCE(seen.preps, seen.preps + (first && !last));
		seen.tails_without_head += first && !head;
	} else {
		/* And so does its undoing: one tail yet, PG_head yet. */
		WRITE_ONCE(seen.undoings, seen.undoings + (!first && last));
		seen.tails_without_head += last && !head;
	}
}

static void watch(void *arg)
{
	while (!smp_load_acquire(&over))
		look(arg);
}

static void test_tails_have_a_head(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, WATCHED_ORDER);

	(void)state;
	folio_put(folio);
	run_two(alloc_and_free, folio, watch, folio);
	print_message("%lu looks into a prep, %lu into an undoing\n",
		      seen.preps, seen.undoings);
	assert_int_equal(seen.tails_without_head, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_prep_compound_page),
		machine_test(test_order_looks_like_flags),
		machine_test(test_freed),
		machine_test(test_free_wants_the_order),
		machine_test(test_small_folio),
		machine_test(test_tails_have_a_head),
	};

	return cmocka_run_group_tests_name("folio", tests, NULL, NULL);
}
