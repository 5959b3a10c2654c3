/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * Poison: what free memory is filled with, so that a write to it shows when
 * it is given out again; and what a struct page is filled with that nobody
 * has initialised.
 *
 * Models: mm/page_poison.c with page_poison=1, page_init_poison() of
 * mm/debug.c at v6.12.
 *
 * A page that was written to while it was free is reported as a
 * use-after-free, after its bytes and a dump, and then goes to its new owner,
 * as it does in the kernel.
 *
 * Differs from the kernel: a frame that was never freed has no poison, so
 * that memory is not touched before it is used; told every time.
 */
#ifndef PAGESIM_PAGE_POISON_H
#define PAGESIM_PAGE_POISON_H

#include <stddef.h>
#include <pagesim/mm_types.h>

#define PAGE_POISON 0xaa

/* On for this boot: RAM has contents, and the tier is "full". */
bool page_poisoning_enabled(void);

/* The contents of nr pages at free and at allocation; nothing if it is off. */
void __kernel_poison_pages(struct page *page, unsigned long nr);
void __kernel_unpoison_pages(struct page *page, unsigned long nr);

/*
 * Fills struct pages, so that PagePoisoned() holds and the flag functions
 * report them in tier "pgflags". size: bytes. Does nothing below tier "vm".
 * Context: no simulated code runs, or may see them.
 */
void page_init_poison(struct page *page, size_t size);

#endif /* PAGESIM_PAGE_POISON_H */
