// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * A compare-exchange that fails is a load with an order of its own: without
 * one, what was published with the value it found need not be seen. ORDER:
 * it acquires.
 */
#include "shape.h"

#ifdef ORDER
#define FAILURE ACQUIRE
#else
#define FAILURE RELAXED
#endif

static atomic_int data, ready;

static void *body(void *arg)
{
	int found = 0;

	if (!arg) {
		set(&data, 1, RELAXED);
		set(&ready, 1, RELEASE);
	} else if (!atomic_compare_exchange_strong_explicit(
			   &ready, &found, 2, memory_order_acq_rel, FAILURE)) {
		assert(get(&data, RELAXED) == 1);
	}
	return arg;
}

int main(void)
{
	run(2, body);
	return 0;
}
