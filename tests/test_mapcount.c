// SPDX-License-Identifier: MIT
// Floor: 5
/* What maps and unmaps here holds no page table's lock: there is none yet. */
#include "test.h"
#include <pagesim/mapcount.h>
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>
#include "compound_pages.h"
#include "threads.h"

#define ANON ((struct address_space *)(0x1000UL | PAGE_MAPPING_ANON))

/* What the last call left for the statistics and the deferred split queue. */
static int nr_pmdmapped;
static bool partially_mapped;

static unsigned int add_ptes(struct folio *folio, long first, int nr)
{
	nr_pmdmapped = 0;
	return __folio_add_rmap(folio, folio_page(folio, first), nr,
				RMAP_LEVEL_PTE, &nr_pmdmapped);
}

static unsigned int add_pmd(struct folio *folio)
{
	nr_pmdmapped = 0;
	return __folio_add_rmap(folio, &folio->page, HPAGE_PMD_NR,
				RMAP_LEVEL_PMD, &nr_pmdmapped);
}

static unsigned int remove_ptes(struct folio *folio, long first, int nr)
{
	nr_pmdmapped = 0;
	return __folio_remove_rmap(folio, folio_page(folio, first), nr,
				   RMAP_LEVEL_PTE, &nr_pmdmapped,
				   &partially_mapped);
}

static unsigned int remove_pmd(struct folio *folio)
{
	nr_pmdmapped = 0;
	return __folio_remove_rmap(folio, &folio->page, HPAGE_PMD_NR,
				   RMAP_LEVEL_PMD, &nr_pmdmapped,
				   &partially_mapped);
}

static struct folio *anon_folio(unsigned int order)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, order);

	folio->mapping = ANON;
	return folio;
}

static void assert_counts(const struct folio *folio, int mapcount, int entire,
			  int nr_pages_mapped)
{
	assert_int_equal(folio_mapcount(folio), mapcount);
	assert_int_equal(folio_large_mapcount(folio), mapcount);
	assert_int_equal(folio_entire_mapcount(folio), entire);
	assert_int_equal(atomic_read(&folio->_nr_pages_mapped),
			 nr_pages_mapped);
	assert_int_equal(folio_mapped(folio), mapcount > 0);
	assert_null(pagesim_mapcount_check(folio));
}

static void forget_mappings(struct folio *folio)
{
	for (long i = 0; i < folio_nr_pages(folio); i++)
		atomic_set(&folio_page(folio, i)->_mapcount, -1);
	if (folio_test_large(folio)) {
		atomic_set(&folio->_large_mapcount, -1);
		atomic_set(&folio->_entire_mapcount, -1);
		atomic_set(&folio->_nr_pages_mapped, 0);
	}
}

/* The allocator wants a folio that is not mapped. */
static void unmap_and_put(struct folio *folio)
{
	forget_mappings(folio);
	folio_put(folio);
}

/* ---- one kind after the other ---- */

static void test_small(void **state)
{
	struct folio *folio = anon_folio(0);

	(void)state;
	assert_int_equal(folio_mapcount(folio), 0);
	assert_false(folio_mapped(folio));
	assert_int_equal(add_ptes(folio, 0, 1), 1);
	assert_int_equal(folio_mapcount(folio), 1);
	assert_int_equal(add_ptes(folio, 0, 1), 0);
	assert_int_equal(folio_mapcount(folio), 2);
	assert_int_equal(folio_precise_page_mapcount(folio, &folio->page), 2);
	assert_int_equal(remove_ptes(folio, 0, 1), 0);
	assert_true(page_mapped(&folio->page));
	assert_int_equal(remove_ptes(folio, 0, 1), 1);
	assert_false(page_mapped(&folio->page));
	assert_false(partially_mapped);
	assert_int_equal(nr_pmdmapped, 0);
	folio_put(folio);
}

/* The type lies over the map count: what is typed is never mapped. */
static void test_typed(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	__folio_set_slab(folio);
	assert_int_equal(folio_mapcount(folio), 0);
	assert_int_equal(folio_precise_page_mapcount(folio, &folio->page), 0);
	assert_null(pagesim_mapcount_check(folio));
	__folio_clear_slab(folio);
	folio_put(folio);

	folio = folio_alloc(GFP_KERNEL, 2);
	__folio_set_slab(folio);
	assert_counts(folio, 0, 0, 0);
	assert_int_equal(folio_precise_page_mapcount(folio, &folio->page), 0);
	__folio_clear_slab(folio);
	folio_put(folio);
}

static void test_by_ptes(void **state)
{
	struct folio *folio = anon_folio(4);

	(void)state;
	assert_int_equal(add_ptes(folio, 3, 1), 1);
	assert_counts(folio, 1, 0, 1);
	assert_int_equal(atomic_read(&folio_page(folio, 3)->_mapcount), 0);
	/* Every page of the folio says that it is mapped. */
	assert_true(page_mapped(folio_page(folio, 9)));
	assert_int_equal(
		folio_precise_page_mapcount(folio, folio_page(folio, 9)), 0);
	/* Of a batch those count that were not mapped before. */
	assert_int_equal(add_ptes(folio, 0, 16), 15);
	assert_counts(folio, 17, 0, 16);
	assert_int_equal(
		folio_precise_page_mapcount(folio, folio_page(folio, 3)), 2);
	assert_int_equal(folio_nr_pages_mapped(folio), 16);
	assert_int_equal(nr_pmdmapped, 0);

	assert_int_equal(remove_ptes(folio, 3, 1), 0);
	assert_false(partially_mapped);
	assert_int_equal(remove_ptes(folio, 2, 3), 3);
	assert_true(partially_mapped);
	assert_counts(folio, 13, 0, 13);
	remove_ptes(folio, 0, 2);
	assert_int_equal(remove_ptes(folio, 5, 11), 11);
	assert_false(partially_mapped);
	assert_counts(folio, 0, 0, 0);
	folio_put(folio);
}

static void test_by_a_pmd(void **state)
{
	struct folio *folio = anon_folio(HPAGE_PMD_ORDER);

	(void)state;
	assert_int_equal(add_pmd(folio), HPAGE_PMD_NR);
	assert_int_equal(nr_pmdmapped, HPAGE_PMD_NR);
	assert_counts(folio, 1, 1, ENTIRELY_MAPPED);
	assert_int_equal(folio_nr_pages_mapped(folio), 0);
	assert_int_equal(atomic_read(&folio->_mapcount), -1);
	assert_int_equal(
		folio_precise_page_mapcount(folio, folio_page(folio, 77)), 1);
	assert_int_equal(add_pmd(folio), 0);
	assert_int_equal(nr_pmdmapped, 0);
	assert_counts(folio, 2, 2, ENTIRELY_MAPPED);
	assert_int_equal(remove_pmd(folio), 0);
	assert_int_equal(nr_pmdmapped, 0);
	assert_int_equal(remove_pmd(folio), HPAGE_PMD_NR);
	assert_int_equal(nr_pmdmapped, HPAGE_PMD_NR);
	assert_false(partially_mapped);
	assert_counts(folio, 0, 0, 0);
	folio_put(folio);
}

static void test_by_both(void **state)
{
	struct folio *folio = anon_folio(HPAGE_PMD_ORDER);

	(void)state;
	add_ptes(folio, 0, 3);
	assert_int_equal(add_pmd(folio), HPAGE_PMD_NR - 3);
	assert_int_equal(nr_pmdmapped, HPAGE_PMD_NR);
	assert_counts(folio, 4, 1, ENTIRELY_MAPPED + 3);
	/* A page that the PMD maps is mapped already, and stays it. */
	assert_int_equal(add_ptes(folio, 100, 2), 0);
	assert_counts(folio, 6, 1, ENTIRELY_MAPPED + 5);
	assert_int_equal(remove_ptes(folio, 100, 2), 0);
	assert_false(partially_mapped);
	assert_int_equal(remove_pmd(folio), HPAGE_PMD_NR - 3);
	assert_int_equal(nr_pmdmapped, HPAGE_PMD_NR);
	assert_true(partially_mapped);
	assert_counts(folio, 3, 0, 3);
	remove_ptes(folio, 0, 3);
	assert_counts(folio, 0, 0, 0);
	folio_put(folio);
}

/* Only what is anonymous and not yet known goes on the queue. */
static void test_partially_mapped(void **state)
{
	struct folio *folio = anon_folio(2);

	(void)state;
	add_ptes(folio, 0, 4);
	folio_set_partially_mapped(folio);
	remove_ptes(folio, 0, 1);
	assert_false(partially_mapped);
	folio_clear_partially_mapped(folio);
	remove_ptes(folio, 1, 1);
	assert_true(partially_mapped);
	folio->mapping = NULL;
	remove_ptes(folio, 2, 1);
	assert_false(partially_mapped);
	remove_ptes(folio, 3, 1);
	folio_put(folio);
}

static void test_hugetlb(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, HPAGE_PMD_ORDER);

	(void)state;
	__folio_set_hugetlb(folio);
	hugetlb_add_file_rmap(folio);
	hugetlb_add_file_rmap(folio);
	assert_counts(folio, 2, 2, 0);
	assert_true(page_mapped(folio_page(folio, 5)));
	assert_int_equal(folio_precise_page_mapcount(folio, &folio->page), 2);
	assert_true(folio_likely_mapped_shared(folio));
	hugetlb_remove_rmap(folio);
	assert_false(folio_likely_mapped_shared(folio));
	hugetlb_remove_rmap(folio);
	assert_counts(folio, 0, 0, 0);
	folio->mapping = ANON;
	pagesim_hugetlb_add_new_rmap(folio);
	assert_counts(folio, 1, 1, 0);
	pagesim_hugetlb_add_rmap(folio);
	assert_counts(folio, 2, 2, 0);
	hugetlb_remove_rmap(folio);
	hugetlb_remove_rmap(folio);
	__folio_clear_hugetlb(folio);
	folio_put(folio);
}

/* ---- new folios, and fork ---- */

static struct folio *watched;
static struct page *next_page;
static int nr_called;

/* Page after page, each mapped already, the folio as such not yet. */
static void after_a_page(struct page *page)
{
	assert_ptr_equal(page, next_page++);
	assert_int_equal(atomic_read(&page->_mapcount), 0);
	if (folio_test_large(watched))
		assert_false(folio_mapped(watched));
	nr_called++;
}

static void after_the_whole(struct page *page)
{
	assert_ptr_equal(page, &watched->page);
	assert_int_equal(atomic_read(&watched->_nr_pages_mapped),
			 ENTIRELY_MAPPED);
	nr_called++;
}

static void test_new(void **state)
{
	static const unsigned int orders[] = { 0, 1, 4, 9, 10 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		int nr = 1 << orders[i], pmd = orders[i] >= HPAGE_PMD_ORDER;

		watched = anon_folio(orders[i]);
		next_page = &watched->page;
		nr_called = nr_pmdmapped = 0;
		assert_int_equal(pagesim_folio_add_new_rmap(
					 watched,
					 pmd ? after_the_whole : after_a_page,
					 &nr_pmdmapped),
				 nr);
		assert_int_equal(nr_called, pmd ? 1 : nr);
		assert_int_equal(nr_pmdmapped, pmd ? nr : 0);
		assert_null(pagesim_mapcount_check(watched));
		assert_int_equal(folio_mapcount(watched), pmd ? 1 : nr);
		unmap_and_put(watched);
	}
	watched = anon_folio(3);
	pagesim_folio_add_new_rmap(watched, NULL, &nr_pmdmapped);
	assert_counts(watched, 8, 0, 8);
	unmap_and_put(watched);
}

static void test_dup_of_a_file(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	add_ptes(folio, 0, 1);
	folio_dup_file_rmap_pte(folio, &folio->page);
	assert_int_equal(folio_mapcount(folio), 2);
	unmap_and_put(folio);

	folio = folio_alloc(GFP_KERNEL, HPAGE_PMD_ORDER);
	add_ptes(folio, 0, HPAGE_PMD_NR);
	folio_dup_file_rmap_pte(folio, folio_page(folio, 7));
	assert_counts(folio, HPAGE_PMD_NR + 1, 0, HPAGE_PMD_NR);
	folio_dup_file_rmap_ptes(folio, folio_page(folio, 7), 3);
	assert_counts(folio, HPAGE_PMD_NR + 4, 0, HPAGE_PMD_NR);
	assert_int_equal(
		folio_precise_page_mapcount(folio, folio_page(folio, 7)), 3);
	/* v6.12's, by PTEs. */
	folio_dup_file_rmap_pmd(folio, &folio->page);
	assert_counts(folio, 2 * HPAGE_PMD_NR + 4, 0, HPAGE_PMD_NR);
	unmap_and_put(folio);
}

/* Page after page, each not yet mapped once more. */
static void before_a_page(struct page *page)
{
	assert_ptr_equal(page, next_page++);
	assert_int_equal(folio_precise_page_mapcount(watched, page), 1);
	assert_int_equal(folio_mapcount(watched),
			 folio_entire_mapcount(watched) ? 1 : 8);
	nr_called++;
}

static void before_the_only_one(struct page *page)
{
	assert_int_equal(atomic_read(&page->_mapcount), 0);
	nr_called++;
}

static void test_dup_of_an_anon(void **state)
{
	(void)state;
	nr_called = 0;
	watched = anon_folio(0);
	add_ptes(watched, 0, 1);
	pagesim_folio_dup_rmap(watched, &watched->page, 1, RMAP_LEVEL_PTE,
			       before_the_only_one);
	assert_int_equal(folio_mapcount(watched), 2);
	assert_int_equal(nr_called, 1);
	unmap_and_put(watched);

	watched = anon_folio(3);
	add_ptes(watched, 0, 8);
	next_page = folio_page(watched, 2);
	pagesim_folio_dup_rmap(watched, next_page, 5, RMAP_LEVEL_PTE,
			       before_a_page);
	assert_int_equal(nr_called, 6);
	assert_counts(watched, 13, 0, 8);
	unmap_and_put(watched);

	watched = anon_folio(HPAGE_PMD_ORDER);
	add_pmd(watched);
	next_page = &watched->page;
	pagesim_folio_dup_rmap(watched, next_page, HPAGE_PMD_NR, RMAP_LEVEL_PMD,
			       before_a_page);
	assert_int_equal(nr_called, 7);
	assert_counts(watched, 2, 2, ENTIRELY_MAPPED);
	unmap_and_put(watched);
}

static void test_likely_mapped_shared(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, HPAGE_PMD_ORDER);
	struct folio *small = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	add_ptes(small, 0, 1);
	assert_false(folio_likely_mapped_shared(small));
	add_ptes(small, 0, 1);
	assert_true(folio_likely_mapped_shared(small));
	unmap_and_put(small);

	assert_false(folio_likely_mapped_shared(folio));
	add_pmd(folio);
	assert_false(folio_likely_mapped_shared(folio));
	add_ptes(folio, 5, 1);
	assert_true(folio_likely_mapped_shared(folio));
	remove_pmd(folio);
	/* By a part of it: the first page stands for all, and may mislead. */
	add_ptes(folio, 5, 1);
	assert_false(folio_likely_mapped_shared(folio));
	add_ptes(folio, 0, 1);
	assert_false(folio_likely_mapped_shared(folio));
	add_ptes(folio, 0, 1);
	assert_true(folio_likely_mapped_shared(folio));
	remove_ptes(folio, 0, 1);
	/* More mappings than pages: one of the pages is mapped twice. */
	add_ptes(folio, 1, HPAGE_PMD_NR - 1);
	assert_true(folio_likely_mapped_shared(folio));
	unmap_and_put(folio);
}

/* ---- against a model ---- */

static struct {
	int pte[HPAGE_PMD_NR];
	int pmd;
} model;

static unsigned int nr_mapped_in_model(void)
{
	unsigned int nr = 0;

	for (int i = 0; i < HPAGE_PMD_NR; i++)
		nr += model.pte[i] || model.pmd;
	return nr;
}

static bool has_ptes(long first, int nr)
{
	for (int i = 0; i < nr; i++)
		if (!model.pte[first + i])
			return false;
	return true;
}

/* Does a step and returns by how many pages less or more are mapped. */
static unsigned int step(struct folio *folio, unsigned long seed)
{
	long first = (long)(seed >> 20) % HPAGE_PMD_NR;
	int nr = 1 + (int)((seed >> 40) % 64);
	int sign = seed >> 63 ? -1 : 1;

	if (first + nr > HPAGE_PMD_NR)
		nr = HPAGE_PMD_NR - (int)first;
	if (seed % 8 == 0) {
		if (sign < 0 && !model.pmd)
			return 0;
		model.pmd += sign;
		return sign > 0 ? add_pmd(folio) : remove_pmd(folio);
	}
	if (sign < 0 && !has_ptes(first, nr))
		return 0;
	for (int i = 0; i < nr; i++)
		model.pte[first + i] += sign;
	return sign > 0 ? add_ptes(folio, first, nr)
			: remove_ptes(folio, first, nr);
}

static void check_against_model(const struct folio *folio)
{
	long sum = model.pmd;

	for (int i = 0; i < HPAGE_PMD_NR; i++) {
		sum += model.pte[i];
		assert_int_equal(folio_precise_page_mapcount(
					 folio, folio_page(folio, i)),
				 model.pte[i] + model.pmd);
	}
	assert_int_equal(folio_mapcount(folio), sum);
	assert_int_equal(folio_entire_mapcount(folio), model.pmd);
	assert_null(pagesim_mapcount_check(folio));
}

static void test_against_model(void **state)
{
	struct folio *folio = anon_folio(HPAGE_PMD_ORDER);
	unsigned long seed = 1;

	(void)state;
	for (unsigned long i = 0; i < scaled(20000); i++) {
		unsigned int before = nr_mapped_in_model(), after, nr;
		int pmd = model.pmd;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		partially_mapped = false;
		nr_pmdmapped = 0;
		nr = step(folio, seed);
		after = nr_mapped_in_model();
		assert_int_equal(nr, after > before ? after - before
						    : before - after);
		assert_int_equal(nr_pmdmapped,
				 !pmd != !model.pmd ? HPAGE_PMD_NR : 0);
		assert_int_equal(partially_mapped, after < before && after);
		check_against_model(folio);
	}
	unmap_and_put(folio);
}

/* ---- moments in which two have not finished ---- */

/*
 * _entire_mapcount is the first to change and _nr_pages_mapped follows. Here
 * it is put by hand to where another thread has left it.
 */
static void test_entirely_mapped_twice(void **state)
{
	struct folio *folio = anon_folio(HPAGE_PMD_ORDER);

	(void)state;
	/* The last PMD is gone, its ENTIRELY_MAPPED is not yet. */
	atomic_set(&folio->_nr_pages_mapped, ENTIRELY_MAPPED);
	assert_int_equal(add_pmd(folio), 0);
	assert_int_equal(nr_pmdmapped, 0);
	assert_int_equal(atomic_read(&folio->_nr_pages_mapped),
			 2 * ENTIRELY_MAPPED);
	/* The other way round: the next one's is there before ours goes. */
	assert_int_equal(remove_pmd(folio), 0);
	assert_int_equal(nr_pmdmapped, 0);
	assert_false(partially_mapped);
	assert_int_equal(atomic_read(&folio->_nr_pages_mapped),
			 ENTIRELY_MAPPED);
	unmap_and_put(folio);
}

static void test_nr_pages_mapped_below_none(void **state)
{
	struct folio *folio = anon_folio(HPAGE_PMD_ORDER);

	(void)state;
	/* A page was unmapped again before its mapping was summed up. */
	atomic_set(&folio->_nr_pages_mapped, -1);
	assert_int_equal(add_pmd(folio), 0);
	assert_int_equal(nr_pmdmapped, HPAGE_PMD_NR);
	assert_int_equal(remove_pmd(folio), 0);
	assert_int_equal(nr_pmdmapped, HPAGE_PMD_NR);
	assert_false(partially_mapped);
	assert_int_equal(atomic_read(&folio->_nr_pages_mapped), -1);
	unmap_and_put(folio);
}

/* ---- what is reported ---- */

static void test_check(void **state)
{
	struct folio *folio = anon_folio(2), *small = anon_folio(0);

	(void)state;
	atomic_set(&small->_mapcount, -2);
	assert_non_null(strstr(pagesim_mapcount_check(small), "below none"));
	atomic_set(&small->_mapcount, -1);
	unmap_and_put(small);

	atomic_set(&folio_page(folio, 3)->_mapcount, -2);
	assert_non_null(strstr(pagesim_mapcount_check(folio), "below none"));
	atomic_set(&folio_page(folio, 3)->_mapcount, -1);
	atomic_set(&folio->_entire_mapcount, -2);
	assert_non_null(strstr(pagesim_mapcount_check(folio), "below none"));
	atomic_set(&folio->_entire_mapcount, 0);
	assert_non_null(
		strstr(pagesim_mapcount_check(folio), "_large_mapcount"));
	atomic_set(&folio->_large_mapcount, 0);
	assert_non_null(
		strstr(pagesim_mapcount_check(folio), "_nr_pages_mapped"));
	atomic_set(&folio->_nr_pages_mapped, ENTIRELY_MAPPED);
	assert_null(pagesim_mapcount_check(folio));
	__folio_set_slab(folio);
	assert_non_null(strstr(pagesim_mapcount_check(folio), "never mapped"));
	__folio_clear_slab(folio);
	__folio_set_hugetlb(folio);
	assert_non_null(
		strstr(pagesim_mapcount_check(folio), "_nr_pages_mapped"));
	atomic_set(&folio_page(folio, 1)->_mapcount, 0);
	assert_non_null(strstr(pagesim_mapcount_check(folio), "by a PTE"));
	atomic_set(&folio_page(folio, 1)->_mapcount, -1);
	__folio_clear_hugetlb(folio);
	unmap_and_put(folio);
}

static void test_expected_ref_count(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, HPAGE_PMD_ORDER);
	struct expected_report expected;
	int count = -1;

	(void)state;
	assert_int_equal(folio_expected_ref_count(folio), 0);
	folio->mapping = (struct address_space *)0x1000UL;
	assert_int_equal(folio_expected_ref_count(folio), 512);
	folio_set_private(folio);
	assert_int_equal(folio_expected_ref_count(folio), 513);
	add_ptes(folio, 7, 3);
	add_pmd(folio);
	assert_int_equal(folio_expected_ref_count(folio), 517);
	remove_pmd(folio);
	remove_ptes(folio, 7, 3);
	/* An anonymous one's mapping holds none, the swap cache does. */
	folio->mapping = ANON;
	assert_int_equal(folio_expected_ref_count(folio), 0);
	folio_clear_private(folio);
	folio_set_swapcache(folio);
	assert_int_equal(folio_expected_ref_count(folio), 0);
	folio_set_swapbacked(folio);
	assert_int_equal(folio_expected_ref_count(folio), 512);
	add_ptes(folio, 0, 2);
	assert_int_equal(folio_expected_ref_count(folio), 514);
	remove_ptes(folio, 0, 2);
	folio_clear_swapcache(folio);
	folio->mapping = NULL;
	__folio_set_hugetlb(folio);
	assert_int_equal(folio_expected_ref_count(folio), 0);
	__folio_clear_hugetlb(folio);
	folio->mapping = (struct address_space *)0x1000UL;
	__folio_set_slab(folio);
	expect_report(&expected, PAGESIM_REPORT_WARN, "page_has_type",
		      count = folio_expected_ref_count(folio));
	assert_int_equal(count, 0);
	__folio_clear_slab(folio);
	folio->mapping = NULL;
	unmap_and_put(folio);
}

#define expect_warn(text, statement) \
	expect_report(&expected, PAGESIM_REPORT_WARN, text, statement)

/* The batch begins before the folio, or ends behind it. */
static void test_pages_of_another_folio(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);
	struct folio *left = (struct folio *)page;
	struct folio *right = (struct folio *)(page + 4);
	struct expected_report expected;

	(void)state;
	prep_compound_page(page, 2);
	prep_compound_page(page + 4, 2);
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM) {
		expect_warn("page_folio(page) != folio",
			    add_ptes(right, -1, 2));
		expect_warn("page_folio(page + nr_pages - 1) != folio",
			    remove_ptes(left, 3, 2));
	}
	destroy_compound_page(page, 2);
	destroy_compound_page(page + 4, 2);
	__free_pages(page, 3);
}

static void test_sanity_checks(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, HPAGE_PMD_ORDER);
	struct folio *small = folio_alloc(GFP_KERNEL, 3);
	struct expected_report expected;

	(void)state;
	if (pagesim_built_debug() < PAGESIM_DEBUG_VM) {
		unmap_and_put(folio);
		unmap_and_put(small);
		skip();
	}
	expect_warn("nr_pages <= 0", add_ptes(small, 1, 0));
	expect_warn("nr_pages != HPAGE_PMD_NR",
		    __folio_remove_rmap(folio, &folio->page, 3, RMAP_LEVEL_PMD,
					&nr_pmdmapped, &partially_mapped));
	/* And what is mapped ends behind the folio. */
	expect_reports(&expected, 2, PAGESIM_REPORT_WARN,
		       "folio_nr_pages(folio) != HPAGE_PMD_NR", add_pmd(small));
	expect_warn("!= RMAP_LEVEL_PTE",
		    __folio_dup_file_rmap(folio, &folio->page, 1,
					  (enum rmap_level)2));
	zero_pfn = page_to_pfn(&small->page);
	expect_warn("is_zero_folio",
		    folio_dup_file_rmap_pte(small, &small->page));
	assert_non_null(strstr(expected.console, "page dumped because: "
						 "VM_WARN_ON_FOLIO(is_zero"));
	zero_pfn = ~0UL;
	expect_warn("!folio_test_hugetlb", hugetlb_remove_rmap(folio));
	expect_warn("!folio_test_hugetlb", hugetlb_add_file_rmap(folio));
	forget_mappings(folio);
	folio->mapping = ANON;
	__folio_set_hugetlb(folio);
	expect_warn("folio_test_anon", hugetlb_add_file_rmap(folio));
	expect_warn("folio_test_hugetlb", add_ptes(folio, 0, 1));
	expect_warn("folio_test_hugetlb",
		    pagesim_folio_add_new_rmap(folio, NULL, &nr_pmdmapped));
	__folio_clear_hugetlb(folio);
	unmap_and_put(folio);
	unmap_and_put(small);
	small = folio_alloc(GFP_KERNEL, 0);
	expect_warn("folio_test_large", folio_large_mapcount(small));
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "folio_test_large",
		      folio_entire_mapcount(small));
	unmap_and_put(small);
}

/* ---- as another thread sees it ---- */

/*
 * phase is odd while a batch is under way: 4n + 1 mapping, 4n + 3 unmapping.
 * What is read between two equal phases belongs to one batch, in which the
 * counts only go up, or only down. So what is read first bounds what is read
 * later: one of the two looks at _large_mapcount can prove that it is less
 * than what is mapped, the other would prove that it is more.
 */
#define WATCHED_ORDER 8
#define WATCHED_NR (1 << WATCHED_ORDER)

static unsigned long phase;
static bool over;

static struct {
	unsigned long under_mapping, under_unmapping, too_many;
} seen;

/* Until the other thread has seen it, or it is clear that it never will. */
static void map_and_unmap(void *arg)
{
	unsigned long rounds = scaled(20000), most = scaled(2000000);

	for (unsigned long i = 0;
	     i < rounds || (i < most && (!READ_ONCE(seen.under_mapping) ||
					 !READ_ONCE(seen.under_unmapping)));
	     i++) {
		smp_store_release(&phase, 4 * i + 1);
		add_ptes(arg, 0, WATCHED_NR);
		smp_store_release(&phase, 4 * i + 2);
		smp_store_release(&phase, 4 * i + 3);
		remove_ptes(arg, 0, WATCHED_NR);
		smp_store_release(&phase, 4 * i + 4);
	}
	smp_store_release(&over, true);
}

static bool has_pte(const struct page *page)
{
	return atomic_read_acquire(&page->_mapcount) >= 0;
}

static bool counted(const struct folio *folio)
{
	return atomic_read_acquire(&folio->_large_mapcount) >= 0;
}

/* Each load is an acquire, so that a later one is not older. */
static void look(const struct folio *folio)
{
	unsigned long run = smp_load_acquire(&phase);
	bool early, first, last, late;

	if (!(run & 1))
		return;
	early = counted(folio);
	first = has_pte(&folio->page);
	last = has_pte(folio_page(folio, WATCHED_NR - 1));
	late = counted(folio);
	if (smp_load_acquire(&phase) != run)
		return;
	if ((run & 3) == 1) {
		WRITE_ONCE(seen.under_mapping,
			   seen.under_mapping + (first && !late));
		seen.too_many += early && !last;
	} else {
		WRITE_ONCE(seen.under_unmapping,
			   seen.under_unmapping + (!early && last));
		seen.too_many += !first && late;
	}
}

static void watch(void *arg)
{
	while (!smp_load_acquire(&over))
		look(arg);
}

static void test_counted_last(void **state)
{
	struct folio *folio = anon_folio(WATCHED_ORDER);

	(void)state;
	run_two(map_and_unmap, folio, watch, folio);
	print_message("mapped, not counted: %lu while mapping, %lu after\n",
		      seen.under_mapping, seen.under_unmapping);
	assert_true(seen.under_mapping > 0);
	assert_true(seen.under_unmapping > 0);
	assert_int_equal(seen.too_many, 0);
	folio_put(folio);
}

/* hugetlb's is removed the other way round: counted until it is gone. */
static struct {
	unsigned long counted, uncounted;
	bool done;
} huge;

/* Until it was seen, if the host ever lets the other thread in between. */
static void map_hugetlb(void *arg)
{
	unsigned long rounds = scaled(200000), most = scaled(20000000);

	for (unsigned long i = 0;
	     i < rounds || (i < most && !READ_ONCE(huge.counted)); i++) {
		pagesim_hugetlb_add_rmap(arg);
		smp_store_release(&phase, 2 * i + 1);
		hugetlb_remove_rmap(arg);
		smp_store_release(&phase, 2 * i + 2);
	}
	smp_store_release(&huge.done, true);
}

static bool is_mapped_entirely(const struct folio *folio)
{
	return atomic_read_acquire(&folio->_entire_mapcount) >= 0;
}

/* Both looks of a run are at one removal: what is gone stays so. */
static void watch_hugetlb(void *arg)
{
	while (!smp_load_acquire(&huge.done)) {
		unsigned long run = smp_load_acquire(&phase);
		bool early = counted(arg), entirely = is_mapped_entirely(arg);
		bool late = counted(arg);

		if (!(run & 1) || smp_load_acquire(&phase) != run)
			continue;
		huge.uncounted += !early && entirely;
		WRITE_ONCE(huge.counted, huge.counted + (!entirely && late));
	}
}

static void test_hugetlb_is_uncounted_last(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, WATCHED_ORDER);

	(void)state;
	phase = 0;
	__folio_set_hugetlb(folio);
	run_two(map_hugetlb, folio, watch_hugetlb, folio);
	print_message("counted, not mapped: %lu\n", huge.counted);
	assert_int_equal(huge.uncounted, 0);
	__folio_clear_hugetlb(folio);
	folio_put(folio);
}

/*
 * Two processes, each with page tables of its own, map the same folio, until
 * one of them has often enough seen the other go on in the midst of a round.
 */
static struct {
	struct folio *folio;
	unsigned long rounds[2];
	bool enough;
} pair;

static void one_round(struct folio *folio)
{
	bool partially;
	int pmd = 0;

	__folio_add_rmap(folio, &folio->page, HPAGE_PMD_NR, RMAP_LEVEL_PMD,
			 &pmd);
	__folio_add_rmap(folio, &folio->page, 5, RMAP_LEVEL_PTE, &pmd);
	__folio_remove_rmap(folio, &folio->page, HPAGE_PMD_NR, RMAP_LEVEL_PMD,
			    &pmd, &partially);
	folio_dup_file_rmap_pte(folio, &folio->page);
	__folio_remove_rmap(folio, &folio->page, 5, RMAP_LEVEL_PTE, &pmd,
			    &partially);
	__folio_remove_rmap(folio, &folio->page, 1, RMAP_LEVEL_PTE, &pmd,
			    &partially);
}

static void map_as_you_like(void *arg)
{
	unsigned long me = (unsigned long)arg, met = 0, his;
	int pmd = 0;

	for (unsigned long i = 1;
	     i < scaled(5000000) && !READ_ONCE(pair.enough); i++) {
		his = READ_ONCE(pair.rounds[!me]);
		one_round(pair.folio);
		met += READ_ONCE(pair.rounds[!me]) != his;
		WRITE_ONCE(pair.rounds[me], i);
		if (met >= scaled(20000))
			WRITE_ONCE(pair.enough, true);
	}
	__folio_add_rmap(pair.folio, folio_page(pair.folio, 3), 4,
			 RMAP_LEVEL_PTE, &pmd);
	__folio_add_rmap(pair.folio, &pair.folio->page, HPAGE_PMD_NR,
			 RMAP_LEVEL_PMD, &pmd);
}

static void test_nothing_is_lost(void **state)
{
	(void)state;
	pair.folio = folio_alloc(GFP_KERNEL, HPAGE_PMD_ORDER);
	run_two(map_as_you_like, (void *)0UL, map_as_you_like, (void *)1UL);
	print_message("%lu and %lu rounds\n", pair.rounds[0], pair.rounds[1]);
	assert_counts(pair.folio, 10, 2, ENTIRELY_MAPPED + 4);
	unmap_and_put(pair.folio);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_small),
		machine_test(test_typed),
		machine_test(test_by_ptes),
		machine_test(test_by_a_pmd),
		machine_test(test_by_both),
		machine_test(test_partially_mapped),
		machine_test(test_hugetlb),
		machine_test(test_new),
		machine_test(test_dup_of_a_file),
		machine_test(test_dup_of_an_anon),
		machine_test(test_likely_mapped_shared),
		machine_test(test_against_model),
		machine_test(test_entirely_mapped_twice),
		machine_test(test_nr_pages_mapped_below_none),
		machine_test(test_check),
		machine_test(test_expected_ref_count),
		machine_test(test_pages_of_another_folio),
		machine_test(test_sanity_checks),
		machine_test(test_counted_last),
		machine_test(test_hugetlb_is_uncounted_last),
		machine_test(test_nothing_is_lost),
	};

	return cmocka_run_group_tests_name("mapcount", tests, NULL, NULL);
}
