// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * The mistake: a reference count that does not order is taken for a sign that
 * what was written before it is there. Both sides are traced into a ring of
 * four records, so that they write to the same ones: no order may come of it.
 */
#include <pagesim/atomic.h>
#include <pagesim/cpu.h>
#include <pagesim/memmap.h>
#include <pagesim/page_ref.h>
#include <pagesim/pagesim.h>

#define NR_ROUNDS 1000

static unsigned long data[NR_ROUNDS]; /* plain */
static unsigned long sum;

static void writer(void *page)
{
	for (unsigned long i = 0; i < NR_ROUNDS; i++) {
		data[i] = i;
		page_ref_inc(page);
	}
}

static void reader(void *page)
{
	for (unsigned long i = 0; i < NR_ROUNDS; i++) {
		while ((unsigned long)page_ref_count(page) <= i + 1)
			page_ref_add((struct page *)page + 1, 1);
		sum += data[i];
	}
}

int main(void)
{
	struct pagesim_thread threads[2];
	struct pagesim_config config;
	struct page *page;

	pagesim_config_init(&config);
	config.nr_cpus = 3;
	if (pagesim_boot(&config))
		return 2;
	page = pfn_to_page(0);
	__init_single_page(page, 0, ZONE_NORMAL, 0);
	__init_single_page(page + 1, 1, ZONE_NORMAL, 0);
	if (pagesim_trace_resize(4) || pagesim_trace_enable("page_ref:*") < 0)
		return 2;
	if (pagesim_thread_create(&threads[0], "reader", reader, page) ||
	    pagesim_thread_create(&threads[1], "writer", writer, page))
		return 2;
	pagesim_thread_join(&threads[0]);
	pagesim_thread_join(&threads[1]);
	pagesim_shutdown();
	return 0;
}
