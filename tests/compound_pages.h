/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/*
 * A compound page taken apart, but not freed: what free_pages_prepare() does
 * to it, in its order, without its checks.
 */
#ifndef PAGESIM_TEST_COMPOUND_PAGES_H
#define PAGESIM_TEST_COMPOUND_PAGES_H

#include <pagesim/folio.h>

static inline void destroy_compound_page(struct page *page, unsigned int order)
{
	page_shadow_renew(page, order);
	page_flags_drop(page + 1, PAGE_FLAGS_SECOND);
	for (unsigned long i = 1; i < 1UL << order; i++) {
		WRITE_ONCE(page[i].mapping, (struct address_space *)NULL);
		clear_compound_head(&page[i]);
		page_flags_drop(page + i, PAGE_FLAGS_CHECK_AT_PREP);
	}
	page_flags_drop(page, PAGE_FLAGS_CHECK_AT_PREP);
}

#endif /* PAGESIM_TEST_COMPOUND_PAGES_H */
