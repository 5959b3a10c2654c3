// SPDX-License-Identifier: MIT
// Floor: 5
// THREADS count to TIMES each; VOID: without looking at the sum.
#include "shape.h"

#ifndef THREADS
#define THREADS 3
#endif
#ifndef TIMES
#define TIMES 2
#endif

void pagesim_explore_rmw_void(void *p, unsigned int size, unsigned int fn,
			      unsigned long v);

static atomic_int sum;

static void *body(void *arg)
{
	for (int i = 0; i < TIMES; i++) {
#ifdef VOID
		pagesim_explore_rmw_void(&sum, sizeof(sum), 0, 1);
#else
		atomic_fetch_add_explicit(&sum, 1, RELAXED);
#endif
	}
	return arg;
}

int main(void)
{
	run(THREADS, body);
	assert(get(&sum, RELAXED) == THREADS * TIMES);
	return 0;
}
