// SPDX-License-Identifier: MIT
// Floor: 5
// A lock by compare and exchange; LOOK: looks before it tries.
#include "shape.h"

#ifndef THREADS
#define THREADS 3
#endif

static atomic_int lock;
static int data;

static void *body(void *arg)
{
	int unlocked;

	do {
#ifdef LOOK
		while (get(&lock, RELAXED))
			;
#endif
		unlocked = 0;
	} while (!atomic_compare_exchange_weak_explicit(&lock, &unlocked, 1,
							ACQUIRE, RELAXED));
	data++;
	set(&lock, 0, RELEASE);
	return arg;
}

int main(void)
{
	run(THREADS, body);
	assert(data == THREADS);
	return 0;
}
