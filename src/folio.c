// SPDX-License-Identifier: MIT
// Floor: 2
#include <pagesim/folio.h>
#include <pagesim/list.h>

static void folio_set_order(struct folio *folio, unsigned int order)
{
	if (WARN_ON_ONCE(!order || !folio_test_large(folio)))
		return;
	WRITE_ONCE(folio->_flags_1, (folio->_flags_1 & ~0xffUL) | order);
	WRITE_ONCE(folio->_folio_nr_pages, 1U << order);
}

static void prep_compound_tail(struct page *head, unsigned long i)
{
	struct page *tail = head + i;

	WRITE_ONCE(tail->mapping, TAIL_MAPPING);
	set_compound_head(tail, head);
	set_page_private(tail, 0);
}

static void prep_compound_head(struct page *page, unsigned int order)
{
	struct folio *folio = (struct folio *)page;

	folio_set_order(folio, order);
	atomic_set(&folio->_large_mapcount, -1);
	atomic_set(&folio->_entire_mapcount, -1);
	atomic_set(&folio->_nr_pages_mapped, 0);
	atomic_set(&folio->_pincount, 0);
	if (order > 1) /* smaller ones have no third page */
		INIT_LIST_HEAD(&folio->_deferred_list);
}

void prep_compound_page(struct page *page, unsigned int order)
{
	unsigned long nr = 1UL << order;

	__SetPageHead(page);
	for (unsigned long i = 1; i < nr; i++)
		prep_compound_tail(page, i);
	prep_compound_head(page, order);
	page_shadow_renew(page, order);
}
