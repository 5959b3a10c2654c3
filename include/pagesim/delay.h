/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Delays at chosen points: where the window of a race is, a thread that
 * stays a moment makes the rare interleaving a frequent one.
 *
 * Off, as at first, a point is a load and a branch. The explorer needs none
 * and leaves them off.
 */
#ifndef PAGESIM_DELAY_H
#define PAGESIM_DELAY_H

#include <stdbool.h>
#include <pagesim/compiler.h>

/* Written by pagesim_delays() only. */
extern bool pagesim_delays_on;

void __pagesim_delay(void);

/*
 * A point. Half of the time nothing; else some looks at nothing, or the
 * host's other threads run. Context: any. Ordering: none.
 */
static inline void pagesim_delay(void)
{
	if (unlikely(PAGESIM_READ_STABLE(pagesim_delays_on)))
		__pagesim_delay();
}

/* Context: no other thread is at a point. */
void pagesim_delays(bool on);

/*
 * What the calling thread's delays are drawn from: the same seed gives the
 * same row, though not the same schedule of the host's.
 */
void pagesim_delay_seed(unsigned long long seed);

#endif /* PAGESIM_DELAY_H */
