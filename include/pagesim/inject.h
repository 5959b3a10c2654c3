/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Failure injection: an allocation that returns NULL although there is
 * memory.
 *
 * Models: mm/failslab.c, mm/fail_page_alloc.c, lib/fault-inject.c at v6.12:
 * kmalloc(), kmem_cache_alloc(), alloc_pages() and what is made of them ask
 * once each, unless __GFP_NOFAIL. kmem_cache_create() does not, as there.
 *
 * Differs from the kernel: one count for all of them, no filters by size,
 * stack or task, nothing printed; an allocation that may reclaim fails, too.
 *
 * Context: any. Set by one thread; the allocations may be of many.
 */
#ifndef PAGESIM_INJECT_H
#define PAGESIM_INJECT_H

#include <stdbool.h>

/*
 * The nth allocation of the process from now on fails, and only that one: 1
 * is the next. 0 turns it off.
 */
void pagesim_inject_fail_nth(unsigned long n);

/*
 * Each allocation fails with a probability of per_million in a million, as a
 * generator says that is started with seed. The same seed gives the same
 * row of answers; with several threads, which of them gets which is not
 * determined. 0 per million turns it off.
 */
void pagesim_inject_fail_seed(unsigned long long seed,
			      unsigned int per_million);

/*
 * How many allocations were made to fail since one of the two above was
 * called: a test that fails the 1st, the 2nd, ... is through when it is 0.
 */
unsigned long pagesim_nr_injected(void);

/* Turns both off, as pagesim_shutdown() does. The number stays. */
void pagesim_inject_off(void);

/*
 * An allocation asks whether it is to fail. Ordering: none. One load while
 * nothing is to be injected.
 */
bool pagesim_should_fail(void);

#endif /* PAGESIM_INJECT_H */
