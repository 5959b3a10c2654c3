// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * For each invariant: the state is broken by hand, behind the back of all
 * that would object, and exactly that is reported.
 */
#include "test.h"
#include <pagesim/check.h>
#include <pagesim/folio_lock.h>
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>
#include <pagesim/page_shadow.h>
#include <pagesim/refcount.h>
#include "cpus.h"

static struct expected_report expected;

/* Runs the check: it finds nr, the last of which is this, of this page. */
#define FINDS(how_many, kind, page, text)                                      \
	do {                                                                   \
		unsigned long __found = 0;                                     \
		char __pfn[32];                                                \
                                                                               \
		snprintf(__pfn, sizeof(__pfn),                                 \
			 "pfn:0x%lx: ", page_to_pfn(page));                    \
		expect_reports(&expected, how_many, kind, text,                \
			       __found = pagesim_check());                     \
		assert_int_equal(__found, how_many);                           \
		assert_ptr_equal(strstr(expected.rule, __pfn), expected.rule); \
		assert_non_null(strstr(expected.console, expected.rule));      \
	} while (0)

#define FINDS_NOTHING assert_int_equal(pagesim_check(), 0)
#define FINDS_STATE(page, text) FINDS(1, PAGESIM_REPORT_ASSERTION, page, text)
#define FINDS_COUNT(page, text) FINDS(1, PAGESIM_REPORT_REFCOUNT, page, text)

/* For a word while it is wrong. */
#define WHILE(lvalue, wrong, finding)                   \
	do {                                            \
		__typeof__(lvalue) __right = (lvalue);  \
                                                        \
		(lvalue) = (__typeof__(lvalue))(wrong); \
		finding;                                \
		(lvalue) = __right;                     \
		assert_int_equal(pagesim_check(), 0);   \
	} while (0)

/* The same for the value of an atomic_t. */
#define WHILE_SET(variable, wrong, finding)           \
	do {                                          \
		int __right = atomic_read(variable);  \
                                                      \
		atomic_set(variable, wrong);          \
		finding;                              \
		atomic_set(variable, __right);        \
		assert_int_equal(pagesim_check(), 0); \
	} while (0)

static bool has_ledger(void)
{
	return pagesim_built_debug() >= PAGESIM_DEBUG_FULL;
}

static void test_nothing_wrong(void **state)
{
	struct folio *folio;
	struct page *page;

	(void)state;
	FINDS_NOTHING;
	folio = folio_alloc(GFP_KERNEL, 9);
	page = alloc_pages(GFP_KERNEL, 3);
	FINDS_NOTHING;
	folio_lock(folio);
	folio_set_lru(folio);
	__SetPageTable(page);
	FINDS_NOTHING;
	__ClearPageTable(page);
	folio_unlock(folio);
	folio_put(folio);
	__free_pages(page, 3);
	FINDS_NOTHING;
}

static void test_no_machine(void **state)
{
	(void)state;
	FINDS_NOTHING;
}

/* A frame that is not there has no state, whatever lies in its place. */
static void test_absent_frames(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	(void)state;
	pagesim_set_absent(page_to_pfn(page + 1));
	WHILE(page[1].compound_head, 0x33, FINDS_NOTHING);
	__free_pages(page, 1);
}

/* ---- I1, I2: compound pages ---- */

static void test_tails(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 3);
	struct page *page = &folio->page;

	(void)state;
	WHILE(page[5].compound_head, (unsigned long)(page + 4) + 1,
	      FINDS_STATE(page + 5, "I1: page 5 of pfn:0x0 links to 0x"));
	WHILE(page[1].compound_head, 0,
	      FINDS_STATE(page + 1, "I1: page 1 of pfn:0x0 links to 0x0"));
	WHILE(page[3].mapping, 0,
	      FINDS_STATE(page + 3, "I1: a tail's mapping is"));
	WHILE(page[7].flags, page[7].flags | BIT(PG_head),
	      FINDS_STATE(page + 7, "I1: PG_head on a tail"));
	WHILE_SET(&page[2]._refcount, 1,
		  FINDS_COUNT(page + 2, "I2: a tail's count is 1"));
	/* In hugetlb the fourth page keeps the folio's own words, too. */
	__folio_set_hugetlb(folio);
	page[3].mapping = NULL;
	FINDS_NOTHING;
	WHILE(page[4].mapping, 0,
	      FINDS_STATE(page + 4, "I1: a tail's mapping is"));
	__folio_clear_hugetlb(folio);
	folio_put(folio);
}

static void test_tail_with_references(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 3);
	struct page *tail = folio_page(folio, 3);

	(void)state;
	page_ref_inc(tail);
	atomic_set(&tail->_refcount, 0);
	FINDS_COUNT(tail, "I2: a tail has references: caller:1");
	set_page_count(tail, 0);
	folio_put(folio);
}

static void test_heads(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 3);
	struct page *page = &folio->page, *last;

	(void)state;
	WHILE(folio->_flags_1, folio->_flags_1 & ~0xffUL,
	      FINDS_STATE(page, "I1: a head of order 0 with 8 pages"));
	WHILE(folio->_flags_1, folio->_flags_1 | 0xff,
	      FINDS_STATE(page, "I1: a head of order 255 with 8 pages"));
	WHILE(folio->_folio_nr_pages, 4,
	      FINDS_STATE(page, "I1: a head of order 3 with 4 pages"));
	WHILE(folio->_folio_nr_pages, 1U << 12, folio->_flags_1 += 12 - 3;
	      FINDS_STATE(page, "I1: a head of order 12 with 4096 pages");
	      folio->_flags_1 -= 12 - 3);
	folio_put(folio);
	page = alloc_pages(GFP_KERNEL, MAX_PAGE_ORDER);
	last = page + MAX_ORDER_NR_PAGES - 1;
	WHILE(last->flags, last->flags | BIT(PG_head),
	      FINDS_STATE(last, "I1: PG_head on the last page"));
	WHILE(page[9].compound_head, (unsigned long)page + 1,
	      FINDS_STATE(page + 9, "I1: a tail of 0x"));
	__free_pages(page, MAX_PAGE_ORDER);
}

/* ---- I3, I4, I5: counts ---- */

static void test_negative_count(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	WHILE_SET(&page->_refcount, -2,
		  FINDS_COUNT(page, "I3: the count is -2"));
	__free_page(page);
}

static void test_count_and_mapcount(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	page_ref_inc(page);
	WHILE_SET(&page->_mapcount, 1,
		  FINDS_NOTHING); /* mapped twice, count 2 */
	WHILE_SET(&page->_mapcount, 2,
		  FINDS_COUNT(page, "I4: mapped 3 times, the count is 2"));
	put_page(page);
	__free_page(page);
}

static void test_ledger(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);
	struct page *page = &folio->page;

	(void)state;
	/* A reference that got lost, and one that came from nowhere. */
	WHILE_SET(
		&page->_refcount, 0,
		FINDS_COUNT(page,
			    "I4: the count is 0, its owners have 1: caller:1"));
	WHILE_SET(
		&page->_refcount, 2,
		FINDS_COUNT(page,
			    "I4: the count is 2, its owners have 1: caller:1"));
	pagesim_shadow_rules(0);
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_ISOLATION, 2);
	FINDS_COUNT(page,
		    "I4: an owner has less than none: caller:-1 isolation:2");
	folio_ref_hand_over(folio, PAGE_REF_ISOLATION, PAGE_REF_CALLER, 2);
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_PTE, 1);
	FINDS_COUNT(page, "I4: mapped 0 times, page tables have more");
	atomic_set(&page->_mapcount, 0);
	FINDS_NOTHING;
	folio_ref_hand_over(folio, PAGE_REF_PTE, PAGE_REF_PAGE_CACHE, 1);
	FINDS_COUNT(page, "I4: mapped 1 times, the count is 1, others have 1");
	folio_ref_hand_over(folio, PAGE_REF_PAGE_CACHE, PAGE_REF_CALLER, 1);
	atomic_set(&page->_mapcount, -1);
	folio_put(folio);
}

static void test_frozen(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned int was;

	(void)state;
	assert_true(page_ref_freeze(page, 1));
	FINDS_COUNT(page, "I5: still frozen at 1 by ");
	was = pagesim_check_allow(PAGESIM_ALLOW_FROZEN);
	assert_int_equal(was, PAGESIM_ALLOW_LOCKED);
	FINDS_NOTHING;
	page_ref_unfreeze(page, 1);
	assert_int_equal(pagesim_check_allow(0), PAGESIM_ALLOW_FROZEN);
	__free_page(page);
}

/* ---- I7: free pages ---- */

static void check_free_page(struct page *page)
{
	WHILE_SET(&page->_refcount, 1,
		  FINDS_COUNT(page, "I7: a free page's count is 1"));
	WHILE(page->mapping, 0x1,
	      FINDS_STATE(page, "I7: a free page's mapping"));
	WHILE(page->flags, page->flags | BIT(PG_lru),
	      FINDS_STATE(page, "I7: a free page's flags have 0x20"));
	WHILE(page->flags, page->flags | BIT(PG_hwpoison), FINDS_NOTHING);
	WHILE(page->memcg_data, 8,
	      FINDS_STATE(page, "I7: a free page's memcg_data is 0x8"));
	if (!has_ledger())
		return;
	page_ref_inc(page);
	atomic_set(&page->_refcount, 0);
	FINDS_COUNT(page, "I7: a free page has references: caller:1");
	set_page_count(page, 1);
	assert_true(page_ref_freeze(page, 1));
	FINDS(2, PAGESIM_REPORT_REFCOUNT, page, "I7: a free page is frozen");
	page_ref_unfreeze(page, 1);
	set_page_count(page, 0);
}

static void test_free_pages(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	(void)state;
	__free_pages(page, 3);
	drain_all_pages(
		NULL); /* what a CPU keeps only the ledger knows as free */
	check_free_page(page);
	check_free_page(page + 5);
	WHILE_SET(&page[5]._mapcount, 0,
		  FINDS_STATE(page + 5, "I7: a free page's _mapcount is 0"));
	WHILE(page[6].compound_head, (unsigned long)page + 1,
	      FINDS_STATE(page + 6, "I7: a free page is a tail"));
	page[7].private = 123; /* stale, as the last user left it */
	FINDS_NOTHING;
}

/* Free, but in no block: set aside, or on a list of the CPU's. */
static void test_free_pages_outside_of_blocks(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	SetPageHWPoison(page);
	__free_page(page);
	assert_false(is_free_buddy_page(page));
	check_free_page(page);
	WHILE_SET(&page->_mapcount, 0,
		  FINDS_STATE(page, "I7: a free page's _mapcount is 0"));
}

/* ---- I9, I10: waiting and locking ---- */

static void lock_and_unlock(void *folio)
{
	folio_lock(folio);
	folio_unlock(folio);
}

static void test_waiter_that_nobody_wakes(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);
	struct pagesim_thread thread;

	(void)state;
	folio_lock(folio);
	assert_int_equal(pagesim_thread_create(&thread, "waiter",
					       lock_and_unlock, folio),
			 0);
	while (!folio_test_waiters(folio))
		cpu_relax();
	/* The check takes the queue's lock, so he is on it. */
	FINDS_NOTHING;
	folio_clear_waiters(folio);
	FINDS_STATE(&folio->page, "I9: somebody waits for bit 0 without");
	folio_set_waiters(folio);
	FINDS_NOTHING;
	folio_unlock(folio);
	pagesim_thread_join(&thread);
	folio_set_waiters(folio); /* and nobody waits: may be */
	FINDS_NOTHING;
	folio_clear_waiters(folio);
	folio_put(folio);
}

static void test_locked_if_not_allowed(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	folio_lock(folio);
	folio_start_writeback(folio);
	FINDS_NOTHING;
	assert_int_equal(pagesim_check_allow(0), PAGESIM_ALLOW_LOCKED);
	FINDS(2, PAGESIM_REPORT_ASSERTION, &folio->page,
	      "I10: still under writeback");
	folio_end_writeback(folio);
	FINDS_STATE(&folio->page, "I10: still locked");
	folio_unlock(folio);
	FINDS_NOTHING;
	folio_put(folio);
}

/* ---- I12, I13: types, PG_anon_exclusive ---- */

static void test_types(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	WHILE(page->page_type, 0xf8000000,
	      FINDS_STATE(page, "I12: page type is 0xf8000000"));
	WHILE(page->page_type, 0x80000001,
	      FINDS_STATE(page, "I12: page type is 0x80000001"));
	WHILE_SET(&page->_mapcount, -3,
		  FINDS_STATE(page, "I12: _mapcount is -3"));
	WHILE(folio_page(folio, 3)->page_type, (unsigned int)PGTY_slab << 24,
	      FINDS_STATE(folio_page(folio, 3),
			  "I12: a tail's page type is 0xf5000000"));
	__folio_set_slab(folio);
	folio_ref_add(folio, 1);
	atomic_set(&folio->_entire_mapcount, 0);
	atomic_set(&folio->_large_mapcount, 0);
	FINDS_STATE(&folio->page, "I15: a folio of this type is never mapped");
	atomic_set(&folio->_large_mapcount, -1);
	atomic_set(&folio->_entire_mapcount, -1);
	__folio_clear_slab(folio);
	folio_put_refs(folio, 2);
	__free_page(page);
}

static void test_anon_exclusive(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct folio *folio = (struct folio *)page;

	(void)state;
	page->flags |= BIT(PG_anon_exclusive); /* mappedtodisk, of a file */
	FINDS_NOTHING;
	WHILE(page->mapping, PAGE_MAPPING_ANON, FINDS_NOTHING);
	WHILE(page->mapping, PAGE_MAPPING_KSM,
	      FINDS_STATE(page, "I13: PG_anon_exclusive on a KSM page"));
	page->flags &= ~BIT(PG_anon_exclusive);
	if (has_ledger()) {
		assert_int_equal(try_grab_folio(folio, 1, FOLL_PIN), 0);
		page->mapping = (struct address_space *)PAGE_MAPPING_ANON;
		FINDS_NOTHING;
		atomic_set(&page->_mapcount, 0);
		FINDS_STATE(page, "I13: mapped, anonymous and pinned");
		page->flags |= BIT(PG_anon_exclusive);
		FINDS_NOTHING;
		page->flags &= ~BIT(PG_anon_exclusive);
		atomic_set(&page->_mapcount, -1);
		gup_put_folio(folio, 1, FOLL_PIN);
	}
	__free_page(page);
}

/* ---- I15, I20: map counts, hugetlb ---- */

static void test_mapcounts(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);
	struct page *page = &folio->page;

	(void)state;
	folio_ref_add(folio, 3);
	/* Page 2 twice by entries, all of it once. */
	atomic_set(&page[2]._mapcount, 1);
	atomic_set(&folio->_entire_mapcount, 0);
	atomic_set(&folio->_large_mapcount, 2);
	atomic_set(&folio->_nr_pages_mapped, 0x800000 + 1);
	FINDS_NOTHING;
	WHILE_SET(&folio->_large_mapcount, 1,
		  FINDS_STATE(page, "I15: _large_mapcount is not the sum"));
	WHILE_SET(&folio->_nr_pages_mapped, 1,
		  FINDS_STATE(page, "I15: _nr_pages_mapped is not what"));
	atomic_set(&page[2]._mapcount, -1);
	atomic_set(&folio->_entire_mapcount, -1);
	atomic_set(&folio->_large_mapcount, -1);
	atomic_set(&folio->_nr_pages_mapped, 0);
	WHILE_SET(&folio->_entire_mapcount, -3,
		  FINDS_STATE(page, "I15: a map count is below none"));
	/* Of hugetlb the pages are not counted. */
	__folio_set_hugetlb(folio);
	atomic_set(&folio->_entire_mapcount, 1);
	atomic_set(&folio->_large_mapcount, 1);
	FINDS_NOTHING;
	atomic_set(&folio->_large_mapcount, -1);
	atomic_set(&folio->_entire_mapcount, -1);
	__folio_clear_hugetlb(folio);
	folio_put_refs(folio, 4);
}

static void test_small_hugetlb(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	__folio_set_hugetlb(folio);
	FINDS_STATE(&folio->page, "I20: hugetlb, and not large");
	__folio_clear_hugetlb(folio);
	folio_put(folio);
}

/* ---- I21: free blocks ---- */

static void test_blocks(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct page *block = page + 8; /* of order 3 */

	(void)state;
	assert_int_equal(buddy_order(block), 3);
	/* On its list, too, it is wrong, and the counts differ. */
	WHILE(block->private, 4,
	      FINDS(3, PAGESIM_REPORT_ASSERTION, block, "I21: free list 3 has");
	      assert_non_null(strstr(expected.console,
				     "I21: a free block of order 4")));
	WHILE(block->private, 64,
	      FINDS(3, PAGESIM_REPORT_ASSERTION, block, "I21: free list 3 has");
	      assert_non_null(strstr(expected.console,
				     "I21: a free block of order 64")));
	WHILE(block[4].page_type, (unsigned int)PGTY_buddy << 24,
	      FINDS_STATE(block + 4, "I21: a free block inside of a free"));
	WHILE(pagesim_zone.free_area[3].nr_free, 2,
	      FINDS_STATE(
		      block,
		      "I21: free list 3 has 1 blocks, nr_free is 2, the map has 1"));
	WHILE(block->page_type, ~0U,
	      FINDS(2, PAGESIM_REPORT_ASSERTION, block,
		    "I21: free list 3 has 1 blocks, nr_free is 1, the map has 0"));
	if (has_ledger()) {
		page_shadow_set_word(block, PAGE_WORD_RCU_HEAD);
		FINDS_STATE(
			block,
			"I21: a free block's first word: expected buddy, found rcu_head");
		page_shadow_set_word(block, PAGE_WORD_BUDDY);
	}
	__free_page(page);
}

static void test_free_lists(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct page *block = page + 8;
	struct list_head outside = { &outside, &outside };

	(void)state;
	WHILE(block->buddy_list.next, &outside,
	      FINDS_STATE(block, "I21: free list 3 goes on at"));
	WHILE(block->buddy_list.next, (char *)&block[1].buddy_list + 8,
	      FINDS_STATE(block, "I21: free list 3 goes on at"));
	WHILE(block->buddy_list.next, &block->buddy_list,
	      FINDS_STATE(block, "I21: free list 3 has "));
	WHILE(block->buddy_list.prev, &outside,
	      FINDS_STATE(block, "I21: free list 3 has "));
	__free_page(page);
}

/* ---- how it is told ---- */

static void test_not_all_is_shown(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 7);
	unsigned long found = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		page[i].page_type = 0xf8000000;
	pagesim_reset_reports();
	expect_reports(&expected, 64, PAGESIM_REPORT_ASSERTION, "pfn:0x3f: I12",
		       found = pagesim_check());
	assert_int_equal(found, 100);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_ASSERTION), 64);
	for (int i = 0; i < 100; i++)
		page[i].page_type = ~0U;
	__free_pages(page, 7);
}

static void test_shutdown_checks(void **state)
{
	unsigned long found = 0;
	struct page *page;

	(void)state;
	assert_int_equal(boot_machine(NULL), 0);
	page = alloc_page(GFP_KERNEL);
	__free_page(page);
	page->memcg_data = 1;
	expect_report(&expected, PAGESIM_REPORT_ASSERTION, "I7",
		      found = pagesim_shutdown());
	assert_int_equal(found, 1);
}

int main(void)
{
	const struct CMUnitTest in_any_tier[] = {
		machine_test(test_nothing_wrong),
		cmocka_unit_test(test_no_machine),
		machine_test(test_absent_frames),
		machine_test(test_tails),
		machine_test(test_heads),
		machine_test(test_negative_count),
		machine_test(test_count_and_mapcount),
		machine_test(test_free_pages),
		cpu_test(test_waiter_that_nobody_wakes),
		machine_test(test_locked_if_not_allowed),
		machine_test(test_types),
		machine_test(test_anon_exclusive),
		machine_test(test_mapcounts),
		machine_test(test_small_hugetlb),
		machine_test(test_blocks),
		machine_test(test_free_lists),
		machine_test(test_not_all_is_shown),
	};
	const struct CMUnitTest in_tier_full[] = {
		machine_test(test_tail_with_references),
		machine_test(test_ledger),
		machine_test(test_frozen),
		machine_test(test_free_pages_outside_of_blocks),
		cmocka_unit_test(test_shutdown_checks),
	};
	int failed;

	failed = cmocka_run_group_tests_name("check", in_any_tier, NULL, NULL);
	if (pagesim_built_debug() >= PAGESIM_DEBUG_FULL)
		failed += cmocka_run_group_tests_name("check, tier full",
						      in_tier_full, NULL, NULL);
	return failed;
}
