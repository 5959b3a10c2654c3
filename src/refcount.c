// SPDX-License-Identifier: MIT
// Floor: 2
#include <errno.h>
#include <pagesim/err.h>
#include <pagesim/page_alloc.h>
#include <pagesim/refcount.h>

/* What __page_cache_release() does, as far as there is an LRU: its flags. */
static void page_cache_release(struct folio *folio)
{
	if (!folio_test_lru(folio))
		return;
	__folio_clear_lru(folio);
	__folio_clear_active(folio);
	__folio_clear_unevictable(folio);
}

void __folio_put(struct folio *folio)
{
	page_cache_release(folio);
	free_unref_page(&folio->page, folio_order(folio));
}

int try_grab_folio(struct folio *folio, int refs, unsigned int flags)
{
	if (WARN_ON_ONCE(folio_ref_count(folio) <= 0))
		return -ENOMEM;
	if (flags & FOLL_GET) {
		folio_ref_add(folio, refs);
		return 0;
	}
	/* The zero page is everywhere and never goes away. */
	if (!(flags & FOLL_PIN) || is_zero_folio(folio))
		return 0;
	if (folio_has_pincount(folio)) {
		folio_ref_add(folio, refs);
		atomic_add(refs, &folio->_pincount);
	} else {
		refs *= (int)GUP_PIN_COUNTING_BIAS;
		folio_ref_add(folio, refs);
	}
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_PIN, refs);
	return 0;
}

/*
 * Between the look at the page's head and the reference the folio may have
 * been split or freed, and its head be another folio's: look again, now that
 * it cannot change any more.
 */
static struct folio *try_get_folio(struct page *page, int refs)
{
	struct folio *folio;

	for (;;) {
		folio = page_folio(page);
		if (WARN_ON_ONCE(folio_ref_count(folio) < 0))
			return NULL;
		if (unlikely(!folio_ref_try_add(folio, refs)))
			return NULL;
		if (likely(page_folio(page) == folio)) {
			folio_ref_hand_over(folio, PAGE_REF_SPECULATIVE,
					    PAGE_REF_CALLER, refs);
			return folio;
		}
		folio_put_refs(folio, refs);
	}
}

struct folio *try_grab_folio_fast(struct page *page, int refs,
				  unsigned int flags)
{
	struct folio *folio;

	if (WARN_ON_ONCE(!(flags & (FOLL_GET | FOLL_PIN))))
		return NULL;
	if (flags & FOLL_GET)
		return try_get_folio(page, refs);
	if (is_zero_page(page))
		return page_folio(page);
	folio = try_get_folio(page, refs);
	if (!folio)
		return NULL;
	if (folio_test_large(folio)) {
		atomic_add(refs, &folio->_pincount);
	} else {
		folio_ref_add(folio, refs * ((int)GUP_PIN_COUNTING_BIAS - 1));
		refs *= (int)GUP_PIN_COUNTING_BIAS;
	}
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_PIN, refs);
	/*
	 * The pin before the caller's second look at the page table: pairs
	 * with the barrier between clearing an entry and looking for pins.
	 */
	smp_mb__after_atomic();
	return folio;
}

void gup_put_folio(struct folio *folio, int refs, unsigned int flags)
{
	if (flags & FOLL_PIN) {
		if (is_zero_folio(folio))
			return;
		if (folio_test_large(folio))
			atomic_sub(refs, &folio->_pincount);
		else
			refs *= (int)GUP_PIN_COUNTING_BIAS;
		folio_ref_hand_over(folio, PAGE_REF_PIN, PAGE_REF_CALLER, refs);
	}
	folio_put_refs(folio, refs);
}

/*
 * Only what is exclusive gets pinned, and stays so until it is freed. Of a
 * large folio nobody knows by now whether it was pinned as a whole, by its
 * head, or by a page.
 */
static void sanity_check_pinned_page(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (is_zero_page(page) || !folio_test_anon(folio))
		return;
	if (!folio_test_large(folio) || folio_test_hugetlb(folio))
		VM_BUG_ON_PAGE(!PageAnonExclusive(&folio->page), page);
	else
		VM_BUG_ON_PAGE(!PageAnonExclusive(&folio->page) &&
				       !PageAnonExclusive(page),
			       page);
}

void unpin_user_page(struct page *page)
{
	sanity_check_pinned_page(page);
	gup_put_folio(page_folio(page), 1, FOLL_PIN);
}

void unpin_folio(struct folio *folio)
{
	gup_put_folio(folio, 1, FOLL_PIN);
}

void unpin_user_folio(struct folio *folio, unsigned long npages)
{
	gup_put_folio(folio, (int)npages, FOLL_PIN);
}

/* From pages[i] on: how many are pages of the same folio. */
static unsigned long nr_of_one_folio(struct page *const *pages,
				     unsigned long npages, unsigned long i)
{
	const struct folio *folio = page_folio(pages[i]);
	unsigned long end = i + 1;

	while (end < npages && pages[end] && page_folio(pages[end]) == folio)
		end++;
	return end - i;
}

void unpin_user_pages(struct page **pages, unsigned long npages)
{
	unsigned long nr;

	if (WARN_ON(IS_ERR_VALUE(npages)))
		return;
	for (unsigned long i = 0; i < npages; i++)
		if (pages[i])
			sanity_check_pinned_page(pages[i]);
	for (unsigned long i = 0; i < npages; i += nr) {
		nr = 1;
		if (!pages[i])
			continue;
		nr = nr_of_one_folio(pages, npages, i);
		gup_put_folio(page_folio(pages[i]), (int)nr, FOLL_PIN);
	}
}
