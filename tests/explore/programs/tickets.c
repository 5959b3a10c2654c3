// SPDX-License-Identifier: MIT
// Floor: 5
// Whoever's number is called may touch the data. RELAX: says that it spins;
// BACK_OFF: counts its rounds; RACY: calls without release.
#include <sched.h>
#include "shape.h"

#ifndef THREADS
#define THREADS 3
#endif
#ifdef RACY
#define CALL_ORDER RELAXED
#else
#define CALL_ORDER RELEASE
#endif

static atomic_int next, called;
static int data;

static void *body(void *arg)
{
	int mine = atomic_fetch_add(&next, 1);
#ifdef BACK_OFF
	volatile int rounds[1] = { 0 };
#endif

	while (get(&called, ACQUIRE) != mine) {
#ifdef BACK_OFF
		rounds[0]++;
#endif
#if defined(RELAX) || defined(BACK_OFF)
		sched_yield();
#endif
	}
	data++;
	set(&called, mine + 1, CALL_ORDER);
	return arg;
}

int main(void)
{
	run(THREADS, body);
	assert(data == THREADS);
	return 0;
}
