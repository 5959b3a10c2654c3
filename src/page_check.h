/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * What a page must look like when it is freed and when it is given out.
 *
 * Models: page_expected_state(), page_bad_reason(), free_page_is_bad(),
 * free_tail_page_prepare(), check_new_pages(), bad_page() of
 * mm/page_alloc.c at v6.12, where of several reasons the one that is checked
 * last is told.
 */
#ifndef PAGESIM_SRC_PAGE_CHECK_H
#define PAGESIM_SRC_PAGE_CHECK_H

#include <pagesim/page_alloc.h>
#include <pagesim/pagesim.h>

/* The static key check_pages_enabled. */
static inline bool is_check_pages_enabled(void)
{
#ifdef CONFIG_DEBUG_VM
	return pagesim_debug_tier >= PAGESIM_DEBUG_VM;
#else
	return false;
#endif
}

/* Each returns why the page cannot be freed, or NULL. */
const char *free_page_bad_reason(const struct page *page);
/* Of a tail, before it is unlinked; the head still has PG_head. */
const char *free_tail_page_bad_reason(const struct folio *folio,
				      const struct page *page);

/*
 * True if a page of the block is not to be given to anybody: the block is
 * lost, and the first such page was reported; hardware-poisoned ones are not.
 */
bool check_new_pages(struct page *page, unsigned int order);

/* From now on nobody has the block, nor is it free, and this is on purpose. */
void lose_block(unsigned int order);

/*
 * Prints the page and the reason, and reports it. Context: no lock of the
 * allocator's is held; the block was lost before, for the report's handler
 * may leave by longjmp().
 */
void bad_page(struct page *page, const char *reason);

#endif /* PAGESIM_SRC_PAGE_CHECK_H */
