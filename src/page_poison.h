/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/* Poison, to the allocator and to boot. */
#ifndef PAGESIM_SRC_PAGE_POISON_H
#define PAGESIM_SRC_PAGE_POISON_H

#include <pagesim/bug.h>
#include <pagesim/page_poison.h>
#include <pagesim/pagesim.h>

#if PAGESIM_DEBUG >= 3
static inline void kernel_poison_pages(struct page *page, unsigned long nr)
{
	if (page_poisoning_enabled())
		__kernel_poison_pages(page, nr);
}

static inline void kernel_unpoison_pages(struct page *page, unsigned long nr)
{
	if (page_poisoning_enabled())
		__kernel_unpoison_pages(page, nr);
}
#else
static inline void kernel_poison_pages(struct page *page __maybe_unused,
				       unsigned long nr __maybe_unused)
{
}

static inline void kernel_unpoison_pages(struct page *page __maybe_unused,
					 unsigned long nr __maybe_unused)
{
}
#endif

/* Bytes of arena for the bitmap; 0 where poisoning is off. */
unsigned long long page_poison_arena_size(const struct pagesim_config *config);
void page_poison_boot(const struct pagesim_config *config);
void page_poison_shutdown(void);

#endif /* PAGESIM_SRC_PAGE_POISON_H */
