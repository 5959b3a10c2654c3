// SPDX-License-Identifier: MIT
// Floor: 5
// One prepares data and says so; ORDER: by release and acquire.
#include "shape.h"

#ifndef ORDER
#define STORE_ORDER RELAXED
#define LOAD_ORDER RELAXED
#else
#define STORE_ORDER RELEASE
#define LOAD_ORDER ACQUIRE
#endif
#ifdef PLAIN
static int data;
#else
static atomic_int data;
#endif
static atomic_int ready;

static void *body(void *arg)
{
	if (!arg) {
#ifdef PLAIN
		data = 1;
#else
		set(&data, 1, RELAXED);
#endif
		set(&ready, 1, STORE_ORDER);
	} else if (get(&ready, LOAD_ORDER)) {
#ifdef PLAIN
		assert(data == 1);
#else
		assert(get(&data, RELAXED) == 1);
#endif
	}
	return NULL;
}

int main(void)
{
	run(2, body);
	return 0;
}
