/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * The events of floor 2: the page allocator, and who waits for writeback.
 * Those of reference counts are page_ref.h's.
 *
 * Models: include/trace/events/kmem.h, include/trace/events/writeback.h at
 * v6.12, and who calls them. Context: any.
 *
 * Differs from the kernel: there is one migrate type, MIGRATE_MOVABLE, which
 * all page blocks have there after boot. No backing device or inode is
 * behind a mapping, so folio_wait_writeback tells of the index only. Not
 * here: mm_page_alloc_extfrag (no migrate types to fall back to), slab.
 */
#ifndef PAGESIM_TRACE_EVENTS_MM_H
#define PAGESIM_TRACE_EVENTS_MM_H

#include <pagesim/mm_types.h>
#include <pagesim/tracepoint.h>

DECLARE_TRACEPOINT(mm_page_alloc);
DECLARE_TRACEPOINT(mm_page_alloc_zone_locked);
DECLARE_TRACEPOINT(mm_page_free);
DECLARE_TRACEPOINT(mm_page_free_batched);
DECLARE_TRACEPOINT(mm_page_pcpu_drain);
DECLARE_TRACEPOINT(folio_wait_writeback);

#define MIGRATE_MOVABLE 1

void __trace_mm_page_alloc(const struct page *page, unsigned int order,
			   gfp_t gfp, int migratetype);
void __trace_mm_page_alloc_zone_locked(const struct page *page,
				       unsigned int order, int migratetype,
				       int percpu_refill);
void __trace_mm_page_free(const struct page *page, unsigned int order);
void __trace_mm_page_free_batched(const struct page *page);
void __trace_mm_page_pcpu_drain(const struct page *page, unsigned int order,
				int migratetype);
void __trace_folio_wait_writeback(const struct folio *folio);

/* The end of an allocation; page is NULL for one that failed. */
static inline void trace_mm_page_alloc(const struct page *page,
				       unsigned int order, gfp_t gfp,
				       int migratetype)
{
	if (tracepoint_enabled(mm_page_alloc))
		__trace_mm_page_alloc(page, order, gfp, migratetype);
}

/*
 * Off the free lists, under the zone's lock; percpu_refill: the order is one
 * of those that have per-CPU lists.
 */
static inline void trace_mm_page_alloc_zone_locked(const struct page *page,
						   unsigned int order,
						   int migratetype,
						   int percpu_refill)
{
	if (tracepoint_enabled(mm_page_alloc_zone_locked))
		__trace_mm_page_alloc_zone_locked(page, order, migratetype,
						  percpu_refill);
}

/* The count is 0, nothing is checked or cleared yet. */
static inline void trace_mm_page_free(const struct page *page,
				      unsigned int order)
{
	if (tracepoint_enabled(mm_page_free))
		__trace_mm_page_free(page, order);
}

/* One of a batch, checked and cleared, about to go to a per-CPU list. */
static inline void trace_mm_page_free_batched(const struct page *page)
{
	if (tracepoint_enabled(mm_page_free_batched))
		__trace_mm_page_free_batched(page);
}

/* From a per-CPU list back to the free lists. */
static inline void trace_mm_page_pcpu_drain(const struct page *page,
					    unsigned int order, int migratetype)
{
	if (tracepoint_enabled(mm_page_pcpu_drain))
		__trace_mm_page_pcpu_drain(page, order, migratetype);
}

/* Under writeback, and the caller is about to wait. */
static inline void trace_folio_wait_writeback(const struct folio *folio)
{
	if (tracepoint_enabled(folio_wait_writeback))
		__trace_folio_wait_writeback(folio);
}

#endif /* PAGESIM_TRACE_EVENTS_MM_H */
