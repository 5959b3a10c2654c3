/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/* The array beside the memory map, for who boots, changes or checks it. */
#ifndef PAGESIM_SRC_PAGE_SHADOW_H
#define PAGESIM_SRC_PAGE_SHADOW_H

#include <pagesim/memmap.h>
#include <pagesim/page_shadow.h>

enum page_use {
	PAGE_USE_UNKNOWN, /* never allocated */
	PAGE_USE_ALLOCATED,
	PAGE_USE_FREED,
	PAGE_USE_IMPORTED, /* and neither allocated nor freed since */
	PAGE_USE_LOST, /* bad, and so nobody's: as it was found */
};

/*
 * All zeroes for a page that nothing happened to. Each member is accessed by
 * relaxed atomics. The first two owners, whose references a put takes, are
 * one word, so that a put sees both at once.
 */
struct page_shadow {
	int refs[PAGE_REF_NR_OWNERS] __aligned(8);
	int frozen_count; /* what it was before the freeze */
	u32 generation;
	u8 word; /* enum page_word */
	u8 frozen;
	u8 use; /* enum page_use */
	u8 order; /* of the block that it was allocated in */
	/* Numbers of places in the code: see code_at(). */
	u16 frozen_at;
	u16 allocated_at;
	u8 frozen_by; /* CPU, or NO_CPU */
};

/* A map of 64 TiB and its shadow stay below the default reserve limit. */
static_assert(sizeof(struct page_shadow) == 56, "56 bytes a page");

/* NULL below tier "full". Written at boot. */
extern struct page_shadow *page_shadows;

/* NULL, too, for a page that is not in the map, such as a copy. */
static inline struct page_shadow *shadow_of(const struct page *page)
{
	unsigned long offset = (unsigned long)page - (unsigned long)vmemmap;

	if (!page_shadows || offset >= max_pfn * sizeof(struct page))
		return NULL;
	return page_shadows + offset / sizeof(struct page);
}

static inline int shadow_sum(const struct page_shadow *shadow)
{
	int sum = 0;

	for (int i = 0; i < PAGE_REF_NR_OWNERS; i++)
		sum += READ_ONCE(shadow->refs[i]);
	return sum;
}

/* "pte:2 page_cache:1"; "none" if there is none. */
#define REFS_TEXT_LEN 160
char *refs_text(char *text, const struct page_shadow *shadow);

/* "CPU 2 at test_split+0x1234". */
#define FROZEN_TEXT_LEN 128
char *frozen_text(char *text, const struct page_shadow *shadow);

/* Where the page was allocated. */
#define CODE_TEXT_LEN 96
char *allocated_text(char *text, const struct page_shadow *shadow);

const char *page_word_name(enum page_word word);

/*
 * Names the pages below pfn end that were allocated and not freed, and
 * reports them. Returns how many; those imported do not count.
 */
unsigned long page_shadow_report_leaks(unsigned long end);

/* boot */
void page_shadow_boot(void);

#endif /* PAGESIM_SRC_PAGE_SHADOW_H */
