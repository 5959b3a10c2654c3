/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * Map counts: how often the page tables of processes map a folio, and each
 * page of it.
 *
 * Models: mm/rmap.c, include/linux/rmap.h, include/linux/mm.h, mm/internal.h
 * and fs/proc/internal.h at v6.12, of those in rmap the part that counts.
 * Which process maps the folio where, PG_anon_exclusive, pins, statistics,
 * mlock and the deferred split queue belong to a floor above.
 *
 * | count             | what is counted                          | none |
 * |-------------------|------------------------------------------|------|
 * | page->_mapcount   | PTEs of this very page                   | -1   |
 * | _entire_mapcount  | PMDs of the folio; hugetlb: all entries  | -1   |
 * | _large_mapcount   | all of the folio: one of either is one   | -1   |
 * | _nr_pages_mapped  | pages with a PTE, and ENTIRELY_MAPPED    | 0    |
 *
 * A small folio has the first one only, hugetlb the second and third one
 * only. _large_mapcount is there since v6.10; before, the others had to be
 * added up. Since v6.15 two slots for processes stand beside it.
 *
 * Ordering, for who looks on without the page table's lock: _large_mapcount
 * is the last to go up and the first to go down, so that it may be less than
 * what is mapped and never is more: folio_mapped() may be false while a page
 * of the folio is mapped. hugetlb_remove_rmap() alone takes it down last.
 * _nr_pages_mapped is changed relaxed, after the counts that it summarises:
 * where processes map and unmap at the same time, it is below 0 or has
 * ENTIRELY_MAPPED twice for a moment, and what is computed from it is then
 * taken for 0.
 *
 * Context of all that change a count: the lock of the page table in which
 * the entry is or will be. The reference that goes with a mapping is taken
 * before it is counted and put after it is no longer: with every mapping
 * comes a reference, at every moment.
 */
#ifndef PAGESIM_MAPCOUNT_H
#define PAGESIM_MAPCOUNT_H

#include <pagesim/folio.h>
#include <pagesim/refcount.h>

/*
 * In _nr_pages_mapped: "mapped as a whole", above the greatest number of
 * pages (16 GiB of hugetlb have 0x400000).
 */
#define ENTIRELY_MAPPED 0x800000
#define FOLIO_PAGES_MAPPED (ENTIRELY_MAPPED - 1)

/* ---- what they say ---- */

/* All of these are a guess while the page tables can change. */

/* As a whole. Large folios only (tier "vm" reports another). */
static inline int folio_entire_mapcount(const struct folio *folio)
{
	VM_BUG_ON_FOLIO(!folio_test_large(folio), folio);
	return atomic_read(&folio->_entire_mapcount) + 1;
}

/* Since v6.10. Large folios only (tier "vm" warns of another). */
static inline int folio_large_mapcount(const struct folio *folio)
{
	VM_WARN_ON_FOLIO(!folio_test_large(folio), folio);
	return atomic_read(&folio->_large_mapcount) + 1;
}

/*
 * How many entries of page tables map any part of the folio; each holds a
 * reference. A small folio with a type is never mapped; a large one may be
 * (hugetlb).
 */
static inline int folio_mapcount(const struct folio *folio)
{
	int mapcount;

	if (folio_test_large(folio))
		return folio_large_mapcount(folio);
	mapcount = atomic_read(&folio->_mapcount) + 1;
	return page_mapcount_is_type((unsigned int)mapcount) ? 0 : mapcount;
}

static inline bool folio_mapped(const struct folio *folio)
{
	return folio_mapcount(folio) >= 1;
}

/* True for every page of a folio that is mapped, itself mapped or not. */
static inline bool page_mapped(const struct page *page)
{
	return folio_mapped(page_folio(page));
}

/* Mappings of this very page: its own, and those of the folio as a whole. */
static inline int folio_precise_page_mapcount(const struct folio *folio,
					      const struct page *page)
{
	int mapcount = atomic_read(&page->_mapcount) + 1;

	if (page_mapcount_is_type((unsigned int)mapcount))
		mapcount = 0;
	if (folio_test_large(folio))
		mapcount += folio_entire_mapcount(folio);
	return mapcount;
}

/* Pages with a PTE. For debugging: what is read may be a moment's. */
static inline int folio_nr_pages_mapped(const struct folio *folio)
{
	return atomic_read(&folio->_nr_pages_mapped) & FOLIO_PAGES_MAPPED;
}

/*
 * Whether more than one process maps the folio, guessed from the counts.
 * Exact for small and hugetlb folios that are anonymous and not KSM's. Else
 * a process that maps twice counts as two, and of a large folio that is
 * mapped in part the first page stands for all. The name is that of v6.10 to
 * v6.14; v6.15 has folio_maybe_mapped_shared(), which counts processes.
 */
static inline bool folio_likely_mapped_shared(const struct folio *folio)
{
	int mapcount = folio_mapcount(folio);

	if (mapcount <= 1)
		return false;
	if (!folio_test_large(folio) || unlikely(folio_test_hugetlb(folio)))
		return true;
	if (folio_entire_mapcount(folio) || mapcount > folio_nr_pages(folio))
		return true;
	return atomic_read(&folio->_mapcount) > 0;
}

/*
 * The references that the swap cache, the page cache (one a page each),
 * PG_private and page tables hold. What folio_ref_count() has beyond it, and
 * beyond the caller's own, is somebody's who may look at the memory: GUP, a
 * walker. An LRU cache's is not in it, either.
 *
 * Stable for an unmapped folio that is locked. Else a guess, good enough not
 * to begin what cannot succeed. A folio with a type other than hugetlb is
 * warned of, with 0 for the result.
 *
 * include/linux/mm.h of 6.12.117; v6.12 proper has no such function.
 */
static inline int folio_expected_ref_count(const struct folio *folio)
{
	const unsigned int order = folio_order(folio);
	int count = 0;

	if (WARN_ON_ONCE(page_has_type(&folio->page) &&
			 !folio_test_hugetlb(folio)))
		return 0;
	count += folio_test_swapcache(folio) << order;
	if (!folio_test_anon(folio)) {
		count += !!READ_ONCE(folio->mapping) << order;
		count += folio_test_private(folio);
	}
	return count + folio_mapcount(folio);
}

/*
 * Whether the counts agree: the first rule of the table above that is
 * broken, in words, or NULL. Context: nobody maps or unmaps meanwhile.
 */
const char *pagesim_mapcount_check(const struct folio *folio);

/* ---- mapping and unmapping ---- */

/* By what a mapping is made: an entry a page, or one for the whole folio. */
enum rmap_level {
	RMAP_LEVEL_PTE,
	RMAP_LEVEL_PMD,
};

/* Tier "vm" warns of what v6.12 cannot map so, and goes on. */
static __always_inline void
__folio_rmap_sanity_checks(const struct folio *folio, const struct page *page,
			   int nr_pages, enum rmap_level level)
{
	/* Has functions of its own, below. */
	VM_WARN_ON_FOLIO(folio_test_hugetlb(folio), folio);
	/* Is mapped without being counted. */
	VM_WARN_ON_FOLIO(is_zero_folio(folio), folio);
	VM_WARN_ON_ONCE(nr_pages <= 0);
	VM_WARN_ON_FOLIO(page_folio(page) != folio, folio);
	VM_WARN_ON_FOLIO(page_folio(page + nr_pages - 1) != folio, folio);
	VM_WARN_ON_ONCE(level != RMAP_LEVEL_PTE && level != RMAP_LEVEL_PMD);
	if (level == RMAP_LEVEL_PMD) {
		VM_WARN_ON_FOLIO(folio_nr_pages(folio) != HPAGE_PMD_NR, folio);
		VM_WARN_ON_FOLIO(nr_pages != HPAGE_PMD_NR, folio);
	}
}

/* Of nr_pages those without a PTE, by what _nr_pages_mapped says. */
static __always_inline int __rmap_nr_without_pte(int nr_pages, int mapped)
{
	int nr = nr_pages - (mapped & FOLIO_PAGES_MAPPED);

	return unlikely(nr < 0) ? 0 : nr;
}

static __always_inline int __rmap_add_ptes(struct folio *folio,
					   struct page *page, int nr_pages)
{
	int left = nr_pages, first = 0, nr = 0;

	do {
		first += atomic_inc_and_test(&page->_mapcount);
	} while (page++, --left > 0);
	if (first && atomic_add_return_relaxed(
			     first, &folio->_nr_pages_mapped) < ENTIRELY_MAPPED)
		nr = first;
	atomic_add(nr_pages, &folio->_large_mapcount);
	return nr;
}

static __always_inline int __rmap_add_pmd(struct folio *folio,
					  int *nr_pmdmapped)
{
	int mapped, nr = 0;

	if (atomic_inc_and_test(&folio->_entire_mapcount)) {
		mapped = atomic_add_return_relaxed(ENTIRELY_MAPPED,
						   &folio->_nr_pages_mapped);
		/* Twice: who removed the last one is not through with it. */
		if (likely(mapped < 2 * ENTIRELY_MAPPED)) {
			*nr_pmdmapped = (int)folio_nr_pages(folio);
			nr = __rmap_nr_without_pte(*nr_pmdmapped, mapped);
		}
	}
	atomic_inc(&folio->_large_mapcount);
	return nr;
}

static __always_inline int __rmap_remove_ptes(struct folio *folio,
					      struct page *page, int nr_pages,
					      bool *partially_mapped)
{
	atomic_t *mapped = &folio->_nr_pages_mapped;
	int last = 0, nr = 0;

	atomic_sub(nr_pages, &folio->_large_mapcount);
	do {
		last += atomic_add_negative(-1, &page->_mapcount);
	} while (page++, --nr_pages > 0);
	if (last && atomic_sub_return_relaxed(last, mapped) < ENTIRELY_MAPPED)
		nr = last;
	*partially_mapped = nr && atomic_read(mapped);
	return nr;
}

static __always_inline int __rmap_remove_pmd(struct folio *folio,
					     int *nr_pmdmapped,
					     bool *partially_mapped)
{
	int mapped, nr = 0;

	atomic_dec(&folio->_large_mapcount);
	if (atomic_add_negative(-1, &folio->_entire_mapcount)) {
		mapped = atomic_sub_return_relaxed(ENTIRELY_MAPPED,
						   &folio->_nr_pages_mapped);
		/* Still there: somebody has added the next one already. */
		if (likely(mapped < ENTIRELY_MAPPED)) {
			*nr_pmdmapped = (int)folio_nr_pages(folio);
			nr = __rmap_nr_without_pte(*nr_pmdmapped, mapped);
		}
	}
	*partially_mapped = nr && nr < *nr_pmdmapped;
	return nr;
}

/*
 * Counts new mappings of nr_pages pages of the folio, beginning with page:
 * one each (RMAP_LEVEL_PTE), or one for all of them (RMAP_LEVEL_PMD). level
 * is to be a constant. What folio_add_anon_rmap_*() and
 * folio_add_file_rmap_*() have in common.
 *
 * Returns for the statistics how many pages were not mapped before by any
 * means (NR_ANON_MAPPED, NR_FILE_MAPPED). *nr_pmdmapped, 0 before, becomes
 * the folio's size if no PMD mapped it before (NR_ANON_THPS,
 * NR_SHMEM_PMDMAPPED, NR_FILE_PMDMAPPED).
 */
static __always_inline unsigned int
__folio_add_rmap(struct folio *folio, struct page *page, int nr_pages,
		 enum rmap_level level, int *nr_pmdmapped)
{
	__folio_rmap_sanity_checks(folio, page, nr_pages, level);
	if (level == RMAP_LEVEL_PMD)
		return (unsigned int)__rmap_add_pmd(folio, nr_pmdmapped);
	if (!folio_test_large(folio))
		return atomic_inc_and_test(&folio->_mapcount);
	return (unsigned int)__rmap_add_ptes(folio, page, nr_pages);
}

/*
 * Counts mappings that were removed. Returns the pages that are no longer
 * mapped by any means; *nr_pmdmapped, 0 before, becomes the folio's size if
 * no PMD maps it any more. *partially_mapped becomes true where the kernel
 * puts the folio on the deferred split queue: an anonymous one, some pages
 * of which this left unmapped and others not, and that is not known as such.
 *
 * Differs from the kernel: there the function returns nothing and uses the
 * three itself.
 */
static __always_inline unsigned int
__folio_remove_rmap(struct folio *folio, struct page *page, int nr_pages,
		    enum rmap_level level, int *nr_pmdmapped,
		    bool *partially_mapped)
{
	bool partially = false;
	int nr;

	__folio_rmap_sanity_checks(folio, page, nr_pages, level);
	if (level == RMAP_LEVEL_PMD)
		nr = __rmap_remove_pmd(folio, nr_pmdmapped, &partially);
	else if (folio_test_large(folio))
		nr = __rmap_remove_ptes(folio, page, nr_pages, &partially);
	else
		nr = atomic_add_negative(-1, &folio->_mapcount);
	*partially_mapped = partially && folio_test_anon(folio) &&
			    !folio_test_partially_mapped(folio);
	return (unsigned int)nr;
}

/*
 * The count part of folio_add_new_anon_rmap(): all of a folio that nobody
 * else knows, as a whole if a PMD can map it. By plain stores. after(),
 * unless NULL, is called with each page right after its count was set, with
 * the head after that of the whole: it is where the kernel sets
 * PG_anon_exclusive. Returns the folio's size; so does *nr_pmdmapped, 0
 * before, for a mapping as a whole.
 */
static __always_inline unsigned int
pagesim_folio_add_new_rmap(struct folio *folio, void (*after)(struct page *),
			   int *nr_pmdmapped)
{
	int nr = (int)folio_nr_pages(folio);

	VM_WARN_ON_FOLIO(folio_test_hugetlb(folio), folio);
	if (likely(!folio_test_large(folio))) {
		atomic_set(&folio->_mapcount, 0);
		if (after)
			after(&folio->page);
	} else if (!folio_test_pmd_mappable(folio)) {
		for (int i = 0; i < nr; i++) {
			atomic_set(&folio_page(folio, i)->_mapcount, 0);
			if (after)
				after(folio_page(folio, i));
		}
		atomic_set(&folio->_large_mapcount, nr - 1);
		atomic_set(&folio->_nr_pages_mapped, nr);
	} else {
		atomic_set(&folio->_entire_mapcount, 0);
		atomic_set(&folio->_large_mapcount, 0);
		atomic_set(&folio->_nr_pages_mapped, ENTIRELY_MAPPED);
		if (after)
			after(&folio->page);
		*nr_pmdmapped = nr;
	}
	return (unsigned int)nr;
}

/* ---- fork: one more of what is mapped already ---- */

/*
 * The count part of what fork does, after __folio_rmap_sanity_checks() and,
 * for anonymous folios, the look for pins. before(), unless NULL, is called
 * with each page right before its count goes up, with page alone for a PMD:
 * it is where the kernel clears PG_anon_exclusive. No page becomes mapped
 * that was not, so _nr_pages_mapped stays.
 */
static __always_inline void
pagesim_folio_dup_rmap(struct folio *folio, struct page *page, int nr_pages,
		       enum rmap_level level, void (*before)(struct page *))
{
	int left = nr_pages;

	if (level == RMAP_LEVEL_PMD) {
		if (before)
			before(page);
		atomic_inc(&folio->_entire_mapcount);
		atomic_inc(&folio->_large_mapcount);
		return;
	}
	if (!folio_test_large(folio)) {
		if (before)
			before(page);
		atomic_inc(&folio->_mapcount);
		return;
	}
	do {
		if (before)
			before(page);
		atomic_inc(&page->_mapcount);
	} while (page++, --left > 0);
	atomic_add(nr_pages, &folio->_large_mapcount);
}

static __always_inline void __folio_dup_file_rmap(struct folio *folio,
						  struct page *page,
						  int nr_pages,
						  enum rmap_level level)
{
	__folio_rmap_sanity_checks(folio, page, nr_pages, level);
	pagesim_folio_dup_rmap(folio, page, nr_pages, level, NULL);
}

static inline void folio_dup_file_rmap_ptes(struct folio *folio,
					    struct page *page, int nr_pages)
{
	__folio_dup_file_rmap(folio, page, nr_pages, RMAP_LEVEL_PTE);
}

static __always_inline void folio_dup_file_rmap_pte(struct folio *folio,
						    struct page *page)
{
	__folio_dup_file_rmap(folio, page, 1, RMAP_LEVEL_PTE);
}

/*
 * One PTE more for each page, not one PMD more: v6.12 passes the wrong
 * level. It does no harm there, since fork leaves the PMDs of files to the
 * page faults and nobody calls this.
 */
static inline void folio_dup_file_rmap_pmd(struct folio *folio,
					   struct page *page)
{
	__folio_dup_file_rmap(folio, page, HPAGE_PMD_NR, RMAP_LEVEL_PTE);
}

/* ---- hugetlb: as a whole, and nothing else counted ---- */

/*
 * The count part of hugetlb_add_anon_rmap(), hugetlb_try_dup_anon_rmap() and
 * hugetlb_add_file_rmap().
 */
static inline void pagesim_hugetlb_add_rmap(struct folio *folio)
{
	VM_WARN_ON_FOLIO(!folio_test_hugetlb(folio), folio);
	atomic_inc(&folio->_entire_mapcount);
	atomic_inc(&folio->_large_mapcount);
}

/* That of hugetlb_add_new_anon_rmap(): by plain stores, none is there yet. */
static inline void pagesim_hugetlb_add_new_rmap(struct folio *folio)
{
	VM_WARN_ON_FOLIO(!folio_test_hugetlb(folio), folio);
	atomic_set(&folio->_entire_mapcount, 0);
	atomic_set(&folio->_large_mapcount, 0);
}

static inline void hugetlb_add_file_rmap(struct folio *folio)
{
	VM_WARN_ON_FOLIO(folio_test_anon(folio), folio);
	pagesim_hugetlb_add_rmap(folio);
}

/* Of either kind. _large_mapcount goes down last, see above. */
static inline void hugetlb_remove_rmap(struct folio *folio)
{
	VM_WARN_ON_FOLIO(!folio_test_hugetlb(folio), folio);
	atomic_dec(&folio->_entire_mapcount);
	atomic_dec(&folio->_large_mapcount);
}

#endif /* PAGESIM_MAPCOUNT_H */
