/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * Per-CPU lists of free pages: what a CPU allocates and frees without the
 * zone's lock.
 *
 * Models: struct per_cpu_pages of include/linux/mmzone.h; free_unref_page(),
 * rmqueue_pcplist(), drain_all_pages() of mm/page_alloc.c at v6.12.
 *
 * Blocks of order 0 to 3, and of the order that a PMD maps, go through the
 * list of their CPU, last in, first out; it is filled from the zone, and
 * emptied into it, in batches. A page there is nobody's, prepared for the
 * next owner, and says nothing about itself: no type, no order.
 *
 * Interrupts stay on. Whoever finds the lock of his CPU's lists taken, by a
 * drain or by what he interrupts, goes to the zone.
 *
 * Differs from the kernel: one migrate type; batch and high are constants of
 * the machine, as if percpu_pagelist_high_fraction was set, and the batch
 * does not grow with what is allocated in a row; lists are not cut short
 * when many larger blocks are freed in a row.
 */
#ifndef PAGESIM_PCP_H
#define PAGESIM_PCP_H

#include <pagesim/folio.h>
#include <pagesim/spinlock.h>
#include <pagesim/types.h>

#define PAGE_ALLOC_COSTLY_ORDER 3

#define NR_LOWORDER_PCP_LISTS (PAGE_ALLOC_COSTLY_ORDER + 1)
#define NR_PCP_LISTS (NR_LOWORDER_PCP_LISTS + 1)

struct zone;

struct per_cpu_pages {
	spinlock_t lock; /* the lists, and who writes the counts */
	int count; /* pages on all of the lists; read by any */
	int free_count; /* freed in a row */
	struct list_head lists[NR_PCP_LISTS];
} __aligned(64);

/*
 * Gives all pages of this CPU's lists, or of every CPU's, back to the zone.
 * zone is NULL or &pagesim_zone. Context: any; takes the lists' locks, which
 * one must not hold.
 * Differs from the kernel: drain_all_pages() may run on two CPUs at once.
 */
void drain_local_pages(struct zone *zone);
void drain_all_pages(struct zone *zone);

#endif /* PAGESIM_PCP_H */
