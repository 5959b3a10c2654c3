/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * Folios: size, and how a block of pages becomes a compound page. How it
 * stops being one is part of free_pages_prepare(), in page_alloc.c: the second
 * page's flags go, then the tails one by one, then PG_head with the head's
 * other flags.
 *
 * Models: include/linux/mm.h, include/linux/huge_mm.h, mm/internal.h,
 * mm/page_alloc.c at v6.12.
 */
#ifndef PAGESIM_FOLIO_H
#define PAGESIM_FOLIO_H

#include <pagesim/page-flags.h>
#include <pagesim/page_ref.h>

/*
 * Context for the order: a reference, or else the answer may be wild: the
 * head's flag is set before the order is written, and cleared after it was
 * overwritten.
 */
static inline unsigned int folio_order(const struct folio *folio)
{
	if (!folio_test_large(folio))
		return 0;
	return READ_ONCE(folio->_flags_1) & 0xff;
}

static inline long folio_nr_pages(const struct folio *folio)
{
	if (!folio_test_large(folio))
		return 1;
	return READ_ONCE(folio->_folio_nr_pages);
}

/* What a page table's second level maps by one entry: 2 MiB. */
#define HPAGE_PMD_ORDER 9
#define HPAGE_PMD_NR (1 << HPAGE_PMD_ORDER)

/* Context: as for folio_order(). */
static inline bool folio_test_pmd_mappable(const struct folio *folio)
{
	return folio_order(folio) >= HPAGE_PMD_ORDER;
}

/* Of a head; 0 for any page that is none. */
static inline unsigned int compound_order(const struct page *page)
{
	const struct folio *folio = (const struct folio *)page;

	if (!test_bit(PG_head, &folio->flags))
		return 0;
	return READ_ONCE(folio->_flags_1) & 0xff;
}

static inline unsigned long folio_page_idx(const struct folio *folio,
					   const struct page *page)
{
	return (unsigned long)(page - &folio->page);
}

static inline unsigned long page_private(const struct page *page)
{
	return READ_ONCE(page->private);
}

static inline void set_page_private(struct page *page, unsigned long private)
{
	WRITE_ONCE(page->private, private);
}

/*
 * Makes 2^order pages one compound page, in the kernel's order: PG_head,
 * then tail by tail mapping, link and private, then what the folio keeps in
 * its second and third page. Until it is through, the head has PG_head
 * without an order and with pages that are not yet tails.
 *
 * Context: the caller owns the pages, order is at least 1, the tails' counts
 * are 0. Ordering: none; what publishes the folio has to order.
 */
void prep_compound_page(struct page *page, unsigned int order);

#endif /* PAGESIM_FOLIO_H */
