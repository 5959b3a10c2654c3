// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * Each change of map counts twice: the library's, and the same written down
 * with the compiler's atomics and nothing around them. mapcount.py compares
 * what they do to memory.
 */
#include <pagesim/mapcount.h>

/* Stands for a check that was not left out: mapcount.py must see it. */
#ifdef ONE_MORE
#define EXTRA() ((void)READ_ONCE(folio->memcg_data))
#else
#define EXTRA() ((void)0)
#endif

#define LARGE(folio) \
	(__atomic_load_n(&(folio)->flags, __ATOMIC_RELAXED) & 1UL << PG_head)
#define ADD(atomic, n) \
	__atomic_fetch_add(&(atomic).counter, n, __ATOMIC_RELAXED)
#define SUB(atomic, n) \
	__atomic_fetch_sub(&(atomic).counter, n, __ATOMIC_RELAXED)
#define ADDED(atomic, n, order) \
	__atomic_add_fetch(&(atomic).counter, n, __ATOMIC_##order)
#define SUBBED(atomic, n, order) \
	__atomic_sub_fetch(&(atomic).counter, n, __ATOMIC_##order)

/* ---- page by page ---- */

unsigned int add_ptes_library(struct folio *folio, struct page *page, int nr,
			      int *nr_pmd);
unsigned int add_ptes_library(struct folio *folio, struct page *page, int nr,
			      int *nr_pmd)
{
	EXTRA();
	return __folio_add_rmap(folio, page, nr, RMAP_LEVEL_PTE, nr_pmd);
}

unsigned int add_ptes_plain(struct folio *folio, struct page *page, int nr);
unsigned int add_ptes_plain(struct folio *folio, struct page *page, int nr)
{
	int left = nr, first = 0, mapped = 0;

	if (!LARGE(folio))
		return ADDED(folio->_mapcount, 1, SEQ_CST) == 0;
	do {
		first += ADDED(page->_mapcount, 1, SEQ_CST) == 0;
	} while (page++, --left > 0);
	if (first &&
	    ADDED(folio->_nr_pages_mapped, first, RELAXED) < ENTIRELY_MAPPED)
		mapped = first;
	ADD(folio->_large_mapcount, nr);
	return (unsigned int)mapped;
}

void dup_ptes_library(struct folio *folio, struct page *page, int nr);
void dup_ptes_library(struct folio *folio, struct page *page, int nr)
{
	EXTRA();
	folio_dup_file_rmap_ptes(folio, page, nr);
}

void dup_ptes_plain(struct folio *folio, struct page *page, int nr);
void dup_ptes_plain(struct folio *folio, struct page *page, int nr)
{
	int left = nr;

	if (!LARGE(folio)) {
		ADD(folio->_mapcount, 1);
		return;
	}
	do {
		ADD(page->_mapcount, 1);
	} while (page++, --left > 0);
	ADD(folio->_large_mapcount, nr);
}

/* ---- as a whole ---- */

unsigned int add_pmd_library(struct folio *folio, int *nr_pmd);
unsigned int add_pmd_library(struct folio *folio, int *nr_pmd)
{
	EXTRA();
	return __folio_add_rmap(folio, &folio->page, HPAGE_PMD_NR,
				RMAP_LEVEL_PMD, nr_pmd);
}

unsigned int add_pmd_plain(struct folio *folio, int *nr_pmd);
unsigned int add_pmd_plain(struct folio *folio, int *nr_pmd)
{
	int nr = 0, sum;

	if (ADDED(folio->_entire_mapcount, 1, SEQ_CST) == 0) {
		sum = ADDED(folio->_nr_pages_mapped, ENTIRELY_MAPPED, RELAXED);
		if (__builtin_expect(sum < 2 * ENTIRELY_MAPPED, 1)) {
			*nr_pmd = LARGE(folio) ? (int)folio->_folio_nr_pages
					       : 1;
			nr = *nr_pmd - (sum & FOLIO_PAGES_MAPPED);
			if (__builtin_expect(nr < 0, 0))
				nr = 0;
		}
	}
	ADD(folio->_large_mapcount, 1);
	return (unsigned int)nr;
}

void hugetlb_remove_library(struct folio *folio);
void hugetlb_remove_library(struct folio *folio)
{
	EXTRA();
	hugetlb_remove_rmap(folio);
}

void hugetlb_remove_plain(struct folio *folio);
void hugetlb_remove_plain(struct folio *folio)
{
	SUB(folio->_entire_mapcount, 1);
	SUB(folio->_large_mapcount, 1);
}

/* ---- removed: what is left over says what to return ---- */

unsigned int remove_ptes_library(struct folio *folio, struct page *page, int nr,
				 int *nr_pmd, bool *partially);
unsigned int remove_ptes_library(struct folio *folio, struct page *page, int nr,
				 int *nr_pmd, bool *partially)
{
	EXTRA();
	return __folio_remove_rmap(folio, page, nr, RMAP_LEVEL_PTE, nr_pmd,
				   partially);
}

static inline bool to_be_queued(struct folio *folio)
{
	return ((unsigned long)READ_ONCE(folio->mapping) & PAGE_MAPPING_ANON) &&
	       !(READ_ONCE(folio->_flags_1) & 1UL << PG_partially_mapped);
}

unsigned int remove_ptes_plain(struct folio *folio, struct page *page, int nr,
			       int *nr_pmd, bool *partially);
unsigned int remove_ptes_plain(struct folio *folio, struct page *page, int nr,
			       int *nr_pmd __maybe_unused, bool *partially)
{
	int last = 0, gone = 0;
	bool part = false;

	if (!LARGE(folio)) {
		gone = SUBBED(folio->_mapcount, 1, SEQ_CST) < 0;
	} else {
		SUB(folio->_large_mapcount, nr);
		do {
			last += SUBBED(page->_mapcount, 1, SEQ_CST) < 0;
		} while (page++, --nr > 0);
		if (last && SUBBED(folio->_nr_pages_mapped, last, RELAXED) <
				    ENTIRELY_MAPPED)
			gone = last;
		part = gone && READ_ONCE(folio->_nr_pages_mapped.counter);
	}
	*partially = part && to_be_queued(folio);
	return (unsigned int)gone;
}

unsigned int remove_pmd_library(struct folio *folio, int *nr_pmd,
				bool *partially);
unsigned int remove_pmd_library(struct folio *folio, int *nr_pmd,
				bool *partially)
{
	EXTRA();
	return __folio_remove_rmap(folio, &folio->page, HPAGE_PMD_NR,
				   RMAP_LEVEL_PMD, nr_pmd, partially);
}

unsigned int remove_pmd_plain(struct folio *folio, int *nr_pmd,
			      bool *partially);
unsigned int remove_pmd_plain(struct folio *folio, int *nr_pmd, bool *partially)
{
	int gone = 0, sum;
	bool part;

	SUB(folio->_large_mapcount, 1);
	if (SUBBED(folio->_entire_mapcount, 1, SEQ_CST) < 0) {
		sum = SUBBED(folio->_nr_pages_mapped, ENTIRELY_MAPPED, RELAXED);
		if (__builtin_expect(sum < ENTIRELY_MAPPED, 1)) {
			*nr_pmd = LARGE(folio) ? (int)folio->_folio_nr_pages
					       : 1;
			gone = *nr_pmd - (sum & FOLIO_PAGES_MAPPED);
			if (__builtin_expect(gone < 0, 0))
				gone = 0;
		}
	}
	part = gone && gone < *nr_pmd;
	*partially = part && to_be_queued(folio);
	return (unsigned int)gone;
}
