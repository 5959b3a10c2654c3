/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* What the explored programs share: threads by name, orders in short. */
#ifndef SHAPE_H
#define SHAPE_H

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define RELAXED memory_order_relaxed
#define ACQUIRE memory_order_acquire
#define RELEASE memory_order_release

#define get(p, order) atomic_load_explicit(p, order)
#define set(p, v, order) atomic_store_explicit(p, v, order)

enum {
	MAX_RUN = 8
};

/* Runs nr threads and waits for them; each gets its number. */
static inline void run(int nr, void *(*body)(void *))
{
	pthread_t threads[MAX_RUN];
	long i;

	for (i = 0; i < nr; i++)
		pthread_create(&threads[i], NULL, body, (void *)i);
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
}

#endif /* SHAPE_H */
