/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * The bits of page->flags: which number is which flag, which share one, and
 * what the high bits hold.
 *
 * Models: enum pageflags of include/linux/page-flags.h and
 * include/linux/page-flags-layout.h at v6.12 with MMU, MEMORY_FAILURE,
 * PAGE_IDLE_FLAG, ARCH_USES_PG_ARCH_2 and _3 on a 64-bit machine with one
 * node and SPARSEMEM_VMEMMAP: no section and no node number in the word.
 *
 * Not modelled: the LRU_GEN and LRU_REFS counters, last_cpupid, KASAN tags.
 */
#ifndef PAGESIM_PAGE_FLAGS_LAYOUT_H
#define PAGESIM_PAGE_FLAGS_LAYOUT_H

#include <pagesim/types.h>

enum pageflags {
	PG_locked, /* who sets it owns the folio's state */
	PG_writeback, /* its contents are on their way out */
	PG_referenced,
	PG_uptodate, /* its contents are valid */
	PG_dirty,
	PG_lru,
	PG_head, /* pinned to bit 6: an order below 64 never fakes it */
	PG_waiters, /* pinned to bit 7: sign bit of PG_locked's byte */
	PG_active,
	PG_workingset,
	PG_owner_priv_1,
	PG_owner_2,
	PG_arch_1,
	PG_reserved,
	PG_private, /* page->private belongs to the file system */
	PG_private_2,
	PG_reclaim,
	PG_swapbacked, /* its store is swap: anonymous or shmem */
	PG_unevictable,
	PG_mlocked,
	PG_hwpoison, /* the memory behind it is broken */
	PG_young,
	PG_idle,
	PG_arch_2,
	PG_arch_3,
	__NR_PAGEFLAGS,

	/* One bit, several meanings: the page's owner says which. */
	PG_readahead = PG_reclaim,
	PG_swapcache = PG_owner_priv_1,
	PG_checked = PG_owner_priv_1,
	PG_anon_exclusive = PG_owner_2, /* was mappedtodisk's until 6.11 */
	PG_mappedtodisk = PG_owner_2,
	PG_fscache = PG_private_2,
	PG_pinned = PG_owner_priv_1,
	PG_savepinned = PG_dirty,
	PG_foreign = PG_owner_priv_1,
	PG_xen_remapped = PG_owner_priv_1,
	PG_isolated = PG_reclaim,
	PG_reported = PG_uptodate, /* free pages only */
	PG_vmemmap_self_hosted = PG_owner_priv_1,

	/*
	 * In the flags of a folio's second page. Its low eight bits are the
	 * folio's order, so none of these may be a flag below 8.
	 */
	PG_has_hwpoisoned = PG_active,
	PG_large_rmappable = PG_workingset,
	PG_partially_mapped = PG_reclaim,
};

#define NR_PAGEFLAGS __NR_PAGEFLAGS
#define PAGEFLAGS_MASK ((1UL << NR_PAGEFLAGS) - 1)

#define __PG_HWPOISON (1UL << PG_hwpoison)

/*
 * The zone's number lives in the top bits, so every writer of the word must
 * be a read-modify-write that keeps them. One zone is modelled.
 */
enum zone_type {
	ZONE_DMA,
	ZONE_DMA32,
	ZONE_NORMAL,
	ZONE_MOVABLE,
	ZONE_DEVICE,
};

#define ZONES_WIDTH 3
#define ZONES_PGSHIFT (BITS_PER_LONG - ZONES_WIDTH)
#define ZONES_MASK ((1UL << ZONES_WIDTH) - 1)

/* Flags that a page must not carry when its last reference goes. */
#define PAGE_FLAGS_CHECK_AT_FREE                                          \
	(1UL << PG_lru | 1UL << PG_locked | 1UL << PG_private |           \
	 1UL << PG_private_2 | 1UL << PG_writeback | 1UL << PG_reserved | \
	 1UL << PG_active | 1UL << PG_unevictable | 1UL << PG_mlocked)

/* Flags that a fresh page must not carry; the free path clears just these. */
#define PAGE_FLAGS_CHECK_AT_PREP (PAGEFLAGS_MASK & ~__PG_HWPOISON)

/* What a folio keeps in the flags of its second page. */
#define PAGE_FLAGS_SECOND                                                \
	(0xffUL | 1UL << PG_has_hwpoisoned | 1UL << PG_large_rmappable | \
	 1UL << PG_partially_mapped)

#endif /* PAGESIM_PAGE_FLAGS_LAYOUT_H */
