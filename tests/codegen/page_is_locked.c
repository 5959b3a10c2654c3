// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * One function a generation: the one that Hugh Dickins appended to
 * mm/filemap.c in August 2015 to see what a page flag test had become.
 * codegen.py counts its instructions and bytes.
 */
#include <pagesim/page-flags.h>

/* Stands for a change that makes the function longer: the check must see it. */
#ifdef ONE_MORE
#define EXTRA() __asm__ __volatile__("nop")
#else
#define EXTRA() ((void)0)
#endif

#define PAGE_IS_LOCKED(generation, type, head)              \
	bool page_is_locked_##generation(type *page);       \
	bool page_is_locked_##generation(type *page)        \
	{                                                   \
		EXTRA();                                    \
		return test_bit(PG_locked, &(head)->flags); \
	}

PAGE_IS_LOCKED(plain, struct page, page)
PAGE_IS_LOCKED(pre_v3_14, struct page_v4_2, compound_head_pre_v3_14(page))
PAGE_IS_LOCKED(v3_14, struct page_v4_2, compound_head_v3_14(page))
PAGE_IS_LOCKED(v4_4, struct page, compound_head_v4_4(page))
PAGE_IS_LOCKED(v5_14, struct page, compound_head_v5_14(page))
PAGE_IS_LOCKED(v5_14_hvo, struct page, compound_head_v5_14_hvo(page))
PAGE_IS_LOCKED(v7_1, struct page, compound_head_v7_1(page))

/* The library's own: the default generation's, and the folio's. */
bool page_is_locked_default(struct page *page);
bool page_is_locked_default(struct page *page)
{
	EXTRA();
	return PageLocked(page);
}

bool page_is_locked_folio(struct folio *folio);
bool page_is_locked_folio(struct folio *folio)
{
	EXTRA();
	return folio_test_locked(folio);
}
