// SPDX-License-Identifier: MIT
// Floor: 2

#include <pagesim/list.h>
#include <pagesim/memmap.h>
#include <pagesim/page_ref.h>

#include "arena.h"
#include "memmap.h"
#include "page_shadow.h"

struct page *vmemmap;
unsigned long max_pfn;
char *pagesim_ram;
unsigned long zero_pfn = ~0UL;
struct folio *huge_zero_folio;
struct page_shadow *page_shadows;

/* One bit a frame, set where there is none: zero is right for an empty map. */
static unsigned long *absent_bitmap;

static unsigned long long map_bytes(unsigned long nr_pages)
{
	return (unsigned long long)nr_pages * sizeof(struct page);
}

static unsigned long long bitmap_bytes(unsigned long nr_pages)
{
	return ALIGN((unsigned long long)nr_pages / 8 + 8, PAGE_SIZE);
}

static bool has_shadow(const struct pagesim_config *config)
{
	return config->debug >= PAGESIM_DEBUG_FULL;
}

static unsigned long long shadow_bytes(unsigned long nr_pages)
{
	return ALIGN((unsigned long long)nr_pages * sizeof(struct page_shadow),
		     PAGE_SIZE);
}

size_t memmap_arena_align(void)
{
	return sizeof(struct page) << PAGESIM_MEMMAP_ALIGN_ORDER;
}

unsigned long long memmap_arena_size(const struct pagesim_config *config)
{
	unsigned long long size;

	size = ALIGN(map_bytes(config->nr_pages), PAGE_SIZE);
	size += bitmap_bytes(config->nr_pages);
	if (config->ram_contents)
		size += (unsigned long long)config->nr_pages << PAGE_SHIFT;
	if (has_shadow(config))
		size += shadow_bytes(config->nr_pages);
	return size;
}

void memmap_boot(const struct pagesim_config *config)
{
	unsigned long nr = config->nr_pages;

	vmemmap = arena_carve(map_bytes(nr), memmap_arena_align());
	arena_advise(vmemmap, map_bytes(nr), config->dense);
	absent_bitmap = arena_carve(bitmap_bytes(nr), PAGE_SIZE);
	pagesim_ram = NULL;
	if (config->ram_contents)
		pagesim_ram = arena_carve(nr << PAGE_SHIFT, PAGE_SIZE);
	page_shadows = NULL;
	if (has_shadow(config)) {
		page_shadows = arena_carve(shadow_bytes(nr), PAGE_SIZE);
		arena_advise(page_shadows, shadow_bytes(nr), config->dense);
	}
	max_pfn = nr;
	zero_pfn = ~0UL;
	huge_zero_folio = NULL;
}

void memmap_shutdown(void)
{
	vmemmap = NULL;
	pagesim_ram = NULL;
	absent_bitmap = NULL;
	page_shadows = NULL;
	max_pfn = 0;
}

struct page *pfn_to_online_page(unsigned long pfn)
{
	if (!pfn_valid(pfn) || test_bit(pfn, absent_bitmap))
		return NULL;
	return pfn_to_page(pfn);
}

void pagesim_set_absent(unsigned long pfn)
{
	set_bit(pfn, absent_bitmap);
}

void __init_single_page(struct page *page, unsigned long pfn __maybe_unused,
			unsigned long zone, int nid __maybe_unused)
{
	pagesim_init_page(page, zone, 1);
}

void pagesim_init_page(struct page *page, unsigned long zone, int count)
{
	page_shadow_init(page);
	/* Marked stores, word by word: a pfn walker may look meanwhile. */
	INIT_LIST_HEAD(&page->lru);
	WRITE_ONCE(page->mapping, (struct address_space *)NULL);
	WRITE_ONCE(page->index, 0UL);
	WRITE_ONCE(page->private, 0UL);
	atomic_set(&page->_mapcount, -1);
	set_page_count(page, count);
	WRITE_ONCE(page->memcg_data, 0UL);
	WRITE_ONCE(page->flags, zone << ZONES_PGSHIFT);
}
