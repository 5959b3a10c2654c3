/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/* Per-CPU lists, to the allocator and to boot. */
#ifndef PAGESIM_SRC_PCP_H
#define PAGESIM_SRC_PCP_H

#include <pagesim/page_alloc.h>
#include <pagesim/pagesim.h>

static inline bool pcp_allowed_order(const struct zone *zone,
				     unsigned int order)
{
	if (!zone->per_cpu_pageset)
		return false;
	return order <= PAGE_ALLOC_COSTLY_ORDER || order == HPAGE_PMD_ORDER;
}

/*
 * A block of this CPU's list, refilled if it was empty, nothing of it
 * checked. NULL if there is none, or the lock is taken. The order is allowed.
 */
struct page *rmqueue_pcplist(struct zone *zone, unsigned int order);

/*
 * Puts a prepared block on this CPU's list. False if the lock is taken, and
 * the block still the caller's.
 */
bool free_to_pcplist(struct zone *zone, struct page *page, unsigned int order);

/* Pages on the lists of all CPUs. */
unsigned long pcp_nr_free(const struct zone *zone);

/* Bytes of arena; 0 on a machine without. */
unsigned long long pcp_arena_size(const struct pagesim_config *config);
void pcp_boot(struct zone *zone, const struct pagesim_config *config);

#endif /* PAGESIM_SRC_PCP_H */
