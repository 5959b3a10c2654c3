/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * The reference count of a page.
 *
 * Models: include/linux/page_ref.h, put_page_testzero() of
 * include/linux/mm.h at v6.12.
 *
 * So far what the allocator needs. A tail's count is 0 for all of its life:
 * references go to the head.
 */
#ifndef PAGESIM_PAGE_REF_H
#define PAGESIM_PAGE_REF_H

#include <pagesim/page-flags.h>

static inline int page_ref_count(const struct page *page)
{
	return atomic_read(&page->_refcount);
}

/* Of the folio that the page belongs to. */
static inline int page_count(const struct page *page)
{
	return page_ref_count(&page_folio(page)->page);
}

static inline int folio_ref_count(const struct folio *folio)
{
	return page_ref_count(&folio->page);
}

/* Ordering: none. A walker can see it before anything else of the page. */
static inline void set_page_count(struct page *page, int v)
{
	atomic_set(&page->_refcount, v);
}

static inline void set_page_refcounted(struct page *page)
{
	VM_BUG_ON_PAGE(PageTail(page), page);
	VM_BUG_ON_PAGE(page_ref_count(page), page);
	set_page_count(page, 1);
}

/* Drops one; true for the last. Fully ordered. */
static inline bool put_page_testzero(struct page *page)
{
	VM_BUG_ON_PAGE(page_ref_count(page) == 0, page);
	return atomic_dec_and_test(&page->_refcount);
}

#endif /* PAGESIM_PAGE_REF_H */
