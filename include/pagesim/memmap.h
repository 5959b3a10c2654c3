/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * The memory map: one struct page per page frame, in one array.
 *
 * Models: SPARSEMEM_VMEMMAP of include/asm-generic/memory_model.h,
 * pfn_to_online_page() of mm/memory_hotplug.c, __init_single_page() and the
 * deferred initialisation of mm/mm_init.c at v6.12.
 *
 * The array is reserved and not written at boot. What was never touched is
 * all zeroes, the state of a page that deferred initialisation has not come
 * to: memory that is free and that the allocator has not yet been given.
 *
 * Differs from the kernel: a frame can be absent one by one and not only by
 * section or subsection, and is then NULL for pfn_to_online_page().
 */
#ifndef PAGESIM_MEMMAP_H
#define PAGESIM_MEMMAP_H

#include <pagesim/mm_types.h>
#include <pagesim/page-flags-layout.h>

/* Folios up to this order lie naturally aligned in the array. */
#define PAGESIM_MEMMAP_ALIGN_ORDER 20

/* Both are written at boot only. */
extern struct page *vmemmap;
extern unsigned long max_pfn;

/* Simulated RAM, or NULL where its contents are not simulated. */
extern char *pagesim_ram;

#define pfn_to_page(pfn) (vmemmap + (pfn))
#define page_to_pfn(page) ((unsigned long)((page)-vmemmap))

static inline bool pfn_valid(unsigned long pfn)
{
	return pfn < max_pfn;
}

/* The page of a frame that is there, or NULL. */
struct page *pfn_to_online_page(unsigned long pfn);

/*
 * The 4 KiB behind a page.
 * Differs from the kernel: NULL on a machine without RAM contents.
 */
static inline void *page_address(const struct page *page)
{
	return pagesim_ram ? pagesim_ram + (page_to_pfn(page) << PAGE_SHIFT)
			   : NULL;
}

static inline enum zone_type page_zonenum(const struct page *page)
{
	return (enum zone_type)((READ_ONCE(page->flags) >> ZONES_PGSHIFT) &
				ZONES_MASK);
}

/*
 * The zero page and the huge zero folio of this machine: the frame that is
 * mapped where nothing was written yet. ~0UL and NULL while there is none.
 */
extern unsigned long zero_pfn;
extern struct folio *huge_zero_folio;

static inline bool is_zero_pfn(unsigned long pfn)
{
	return pfn == READ_ONCE(zero_pfn);
}

static inline bool is_huge_zero_folio(const struct folio *folio)
{
	return READ_ONCE(huge_zero_folio) == folio;
}

/*
 * Gives a page the state in which the kernel's boot leaves it: no flags but
 * its zone, not mapped, one reference, an empty list head. There is one
 * node, so nid is 0, and neither it nor pfn is kept in the page.
 * Context: the caller owns the page.
 */
void __init_single_page(struct page *page, unsigned long pfn,
			unsigned long zone, int nid);

/*
 * The same with any number of references. A page that is to be free gets 0 at
 * once: a walker that found 1 meanwhile would hold what is then taken away.
 */
void pagesim_init_page(struct page *page, unsigned long zone, int count);

/* Takes a frame out of the machine. Context: boot time. */
void pagesim_set_absent(unsigned long pfn);

#endif /* PAGESIM_MEMMAP_H */
