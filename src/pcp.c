// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * In this file: pcp is the lists of a CPU, pindex the number of one of them,
 * nr, count and batch are pages.
 */
#include <pagesim/pcp.h>
#include <pagesim/trace_events_mm.h>

#include "arena.h"
#include "buddy.h"
#include "page_shadow.h"
#include "pcp.h"

/* A batch is 1/1024 of the machine, no more than 1 MiB, and of that 1/4. */
#define MAX_BATCH ((1UL << 20) / PAGE_SIZE)
#define HIGH_PER_BATCH 4

static unsigned int order_to_pindex(unsigned int order)
{
	return order > PAGE_ALLOC_COSTLY_ORDER ? NR_LOWORDER_PCP_LISTS : order;
}

static unsigned int pindex_to_order(unsigned int pindex)
{
	return pindex == NR_LOWORDER_PCP_LISTS ? HPAGE_PMD_ORDER : pindex;
}

static void add_count(struct per_cpu_pages *pcp, int nr)
{
	WRITE_ONCE(pcp->count, pcp->count + nr);
}

/* This CPU's lists, locked; NULL if they are, by whomever. */
static struct per_cpu_pages *pcp_spin_trylock(struct zone *zone)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[smp_processor_id()];

	return spin_trylock(&pcp->lock) ? pcp : NULL;
}

/* ---- into the zone; static functions under the lists' lock ---- */

/* Takes from the tail of one list. Returns how many pages were taken. */
static int free_from_list(struct zone *zone, struct list_head *list,
			  unsigned int order, int count)
{
	int taken = 0;

	while (taken < count && !list_empty(list)) {
		struct page *page =
			list_entry(list->prev, struct page, pcp_list);

		list_del(&page->pcp_list);
		page_shadow_set_word(page, PAGE_WORD_NONE);
		__free_one_page(zone, page_to_pfn(page), order);
		trace_mm_page_pcpu_drain(page, order, MIGRATE_MOVABLE);
		taken += 1 << order;
	}
	return taken;
}

/* Frees count pages, rounded up to blocks, of pindex's list first. */
static void free_pcppages_bulk(struct zone *zone, int count,
			       struct per_cpu_pages *pcp, unsigned int pindex)
{
	unsigned long flags;

	if (count > pcp->count)
		count = pcp->count;
	spin_lock_irqsave(&zone->lock, flags);
	while (count > 0) {
		int taken = free_from_list(zone, &pcp->lists[pindex],
					   pindex_to_order(pindex), count);

		count -= taken;
		add_count(pcp, -taken);
		pindex = (pindex + 1) % NR_PCP_LISTS;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* A batch, or what was freed in a row, so that a batch stays. */
static int nr_pcp_free(const struct zone *zone, const struct per_cpu_pages *pcp)
{
	int max = zone->pcp_high - zone->pcp_batch;

	if (pcp->free_count < zone->pcp_batch)
		return zone->pcp_batch;
	return pcp->free_count > max ? max : pcp->free_count;
}

static void free_unref_page_commit(struct zone *zone, struct per_cpu_pages *pcp,
				   struct page *page, unsigned int order)
{
	unsigned int pindex = order_to_pindex(order);

	page_shadow_set_word(page, PAGE_WORD_PCP);
	list_add(&page->pcp_list, &pcp->lists[pindex]);
	add_count(pcp, 1 << order);
	if (pcp->free_count < zone->pcp_high)
		pcp->free_count += 1 << order;
	if (pcp->count >= zone->pcp_high)
		free_pcppages_bulk(zone, nr_pcp_free(zone, pcp), pcp, pindex);
}

bool free_to_pcplist(struct zone *zone, struct page *page, unsigned int order)
{
	struct per_cpu_pages *pcp = pcp_spin_trylock(zone);

	if (!pcp)
		return false;
	free_unref_page_commit(zone, pcp, page, order);
	spin_unlock(&pcp->lock);
	return true;
}

/* ---- out of the zone ---- */

/* In blocks; a CPU of a small machine takes no more than it needs. */
static int nr_pcp_alloc(const struct zone *zone, unsigned int order)
{
	int nr = zone->pcp_batch >> order;

	if (zone->pcp_batch == 1)
		return 1;
	return nr < 2 ? 2 : nr;
}

/* In the order in which they come, the first to be the next that is given. */
static void rmqueue_bulk(struct zone *zone, struct per_cpu_pages *pcp,
			 unsigned int order)
{
	struct list_head *list = &pcp->lists[order_to_pindex(order)];
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	for (int nr = nr_pcp_alloc(zone, order); nr > 0; nr--) {
		struct page *page = __rmqueue(zone, order);

		if (!page)
			break;
		page_shadow_set_word(page, PAGE_WORD_PCP);
		list_add_tail(&page->pcp_list, list);
		add_count(pcp, 1 << order);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

static struct page *__rmqueue_pcplist(struct zone *zone,
				      struct per_cpu_pages *pcp,
				      unsigned int order)
{
	struct list_head *list = &pcp->lists[order_to_pindex(order)];
	struct page *page;

	if (list_empty(list))
		rmqueue_bulk(zone, pcp, order);
	if (list_empty(list))
		return NULL;
	page = list_first_entry(list, struct page, pcp_list);
	list_del(&page->pcp_list);
	page_shadow_set_word(page, PAGE_WORD_NONE);
	add_count(pcp, -(1 << order));
	return page;
}

struct page *rmqueue_pcplist(struct zone *zone, unsigned int order)
{
	struct per_cpu_pages *pcp = pcp_spin_trylock(zone);
	struct page *page;

	if (!pcp)
		return NULL;
	pcp->free_count >>= 1;
	page = __rmqueue_pcplist(zone, pcp, order);
	spin_unlock(&pcp->lock);
	return page;
}

/* ---- draining ---- */

/* All at once: nobody waits for the zone's lock here long. */
static void drain_pages(unsigned int cpu)
{
	struct zone *zone = &pagesim_zone;
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];

	spin_lock(&pcp->lock);
	free_pcppages_bulk(zone, pcp->count, pcp, 0);
	spin_unlock(&pcp->lock);
}

void drain_local_pages(struct zone *zone __maybe_unused)
{
	if (pagesim_zone.per_cpu_pageset)
		drain_pages(smp_processor_id());
}

/* Misses what is being freed meanwhile, as the kernel does. */
void drain_all_pages(struct zone *zone __maybe_unused)
{
	for (unsigned int cpu = 0; cpu < pagesim_zone.nr_pagesets; cpu++)
		if (READ_ONCE(pagesim_zone.per_cpu_pageset[cpu].count))
			drain_pages(cpu);
}

unsigned long pcp_nr_free(const struct zone *zone)
{
	unsigned long nr = 0;

	for (unsigned int cpu = 0; cpu < zone->nr_pagesets; cpu++)
		nr += (unsigned long)READ_ONCE(
			zone->per_cpu_pageset[cpu].count);
	return nr;
}

/* ---- boot ---- */

/* RCU's thread has a CPU beyond the configured ones. */
static unsigned int nr_pagesets(const struct pagesim_config *config)
{
	return config->no_pcp ? 0 : config->nr_cpus + 1;
}

unsigned long long pcp_arena_size(const struct pagesim_config *config)
{
	unsigned int nr = nr_pagesets(config);

	return nr ? ALIGN((unsigned long long)nr * sizeof(struct per_cpu_pages),
			  PAGE_SIZE)
		  : 0;
}

/* zone_batchsize(): one less than a power of two, or else 1. */
static int batch_of(unsigned long nr_pages)
{
	unsigned long batch = nr_pages >> 10, power = 1;

	batch = (batch < MAX_BATCH ? batch : MAX_BATCH) / 4;
	batch += batch / 2;
	while (2 * power <= batch)
		power *= 2;
	return power > 1 ? (int)power - 1 : 1;
}

void pcp_boot(struct zone *zone, const struct pagesim_config *config)
{
	zone->nr_pagesets = nr_pagesets(config);
	if (!zone->nr_pagesets)
		return;
	zone->pcp_batch = batch_of(config->nr_pages);
	zone->pcp_high = zone->pcp_batch * HIGH_PER_BATCH;
	zone->per_cpu_pageset = arena_carve(pcp_arena_size(config), PAGE_SIZE);
	for (unsigned int cpu = 0; cpu < zone->nr_pagesets; cpu++) {
		struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];

		spin_lock_init(&pcp->lock);
		for (unsigned int i = 0; i < NR_PCP_LISTS; i++)
			INIT_LIST_HEAD(&pcp->lists[i]);
	}
}
