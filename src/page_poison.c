// SPDX-License-Identifier: MIT
// Floor: 2
#include <string.h>
#include <pagesim/bitops.h>
#include <pagesim/bug.h>
#include <pagesim/memmap.h>
#include <pagesim/page-flags.h>
#include <pagesim/report.h>

#include "arena.h"
#include "page_poison.h"

#define BYTES_PER_LINE 16

/* One bit a frame, set while it is poisoned. NULL if poisoning is off. */
static unsigned long *poisoned;

bool page_poisoning_enabled(void)
{
	return poisoned;
}

/* ---- contents ---- */

void __kernel_poison_pages(struct page *page, unsigned long nr)
{
	unsigned long pfn = page_to_pfn(page);

	if (!poisoned)
		return;
	memset(page_address(page), PAGE_POISON, nr << PAGE_SHIFT);
	for (unsigned long i = pfn; i < pfn + nr; i++)
		set_bit(i, poisoned);
}

static void pr_bytes(const unsigned char *bytes, size_t nr)
{
	for (size_t i = 0; i < nr; i += BYTES_PER_LINE) {
		char line[3 * BYTES_PER_LINE + 1] = "";

		for (size_t j = i; j < nr && j < i + BYTES_PER_LINE; j++)
			snprintf(line + 3 * (j - i), 4, " %02x", bytes[j]);
		pr_warn("%p:%s\n", (const void *)(bytes + i), line);
	}
}

static bool single_bit_flip(unsigned char a, unsigned char b)
{
	unsigned int error = a ^ b;

	return error && !(error & (error - 1));
}

/* From the first wrong byte to the last. */
static void report_corruption(const struct page *page,
			      const unsigned char *start,
			      const unsigned char *end)
{
	const char *what = "pagealloc: memory corruption";

	if (start == end && single_bit_flip(*start, PAGE_POISON))
		what = "pagealloc: single bit error";
	pr_warn("%s\n", what);
	pr_bytes(start, (size_t)(end - start) + 1);
	dump_page(page, "pagealloc: corrupted page details");
	pagesim_report(
		PAGESIM_REPORT_USE_AFTER_FREE, __FILE__, __LINE__, __func__,
		"%s: pfn %lu was written to while it was free, at "
		"byte %zu",
		what, page_to_pfn(page),
		(size_t)(start - (const unsigned char *)page_address(page)));
}

static void check_poison_mem(const struct page *page)
{
	const unsigned char *start = page_address(page);
	const unsigned char *end = start + PAGE_SIZE - 1;

	/* Each byte equals the next one: one fast comparison. */
	if (likely(*start == PAGE_POISON &&
		   !memcmp(start, start + 1, PAGE_SIZE - 1)))
		return;
	while (*start == PAGE_POISON)
		start++;
	while (*end == PAGE_POISON)
		end--;
	report_corruption(page, start, end);
}

void __kernel_unpoison_pages(struct page *page, unsigned long nr)
{
	unsigned long pfn = page_to_pfn(page);

	if (!poisoned)
		return;
	for (unsigned long i = 0; i < nr; i++)
		if (test_bit(pfn + i, poisoned)) {
			clear_bit(pfn + i, poisoned);
			check_poison_mem(page + i);
		}
}

/* ---- struct pages ---- */

void page_init_poison(struct page *page __maybe_unused,
		      size_t size __maybe_unused)
{
#ifdef CONFIG_DEBUG_VM
	if (pagesim_debug_tier >= PAGESIM_DEBUG_VM)
		memset(page, (int)PAGE_POISON_PATTERN, size);
#endif
}

/* ---- boot ---- */

unsigned long long page_poison_arena_size(const struct pagesim_config *config)
{
	if (!config->ram_contents || config->debug < PAGESIM_DEBUG_FULL)
		return 0;
	return ALIGN((unsigned long long)config->nr_pages / 8 + 8, PAGE_SIZE);
}

void page_poison_boot(const struct pagesim_config *config)
{
	unsigned long long size = page_poison_arena_size(config);

	poisoned = size ? arena_carve(size, PAGE_SIZE) : NULL;
}

void page_poison_shutdown(void)
{
	poisoned = NULL;
}
