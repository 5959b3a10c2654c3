/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/*
 * Two readers and a writer that replaces what they read, for programs with
 * one mistake in publish() or read_once(). ThreadSanitizer is to find it.
 *
 * The writer has one update in flight and half a millisecond between two, and
 * readers live until the last callback has run: in one batch at the end,
 * later unlocks would order nearly everything, and hide nearly all mistakes.
 */
#ifndef PAGESIM_TEST_PLANTED_H
#define PAGESIM_TEST_PLANTED_H

#include <stdlib.h>
#include <time.h>
#include <pagesim/atomic.h>
#include <pagesim/pagesim.h>
#include <pagesim/rcupdate.h>

#define NR_UPDATES 100
#define NR_READERS 2

struct node {
	struct rcu_head rcu;
	unsigned long value; /* plain */
};

static struct node *shared;
static unsigned long sum; /* of what was read, so that it is read */
static bool stop;

static void publish(struct node *node);
static void read_once(void);

static inline void sleep_us(long us)
{
	struct timespec time = { 0, us * 1000 };

	nanosleep(&time, NULL);
}

static inline void use(const struct node *node)
{
	__atomic_fetch_add(&sum, node->value, __ATOMIC_RELAXED);
}

static void reader(void *arg __maybe_unused)
{
	while (!smp_load_acquire(&stop)) {
		read_once();
		sleep_us(100);
	}
}

static void free_node(struct rcu_head *head)
{
	struct node *node = container_of(head, struct node, rcu);

	node->value = ~0UL;
	free(node);
}

static void replace(unsigned long value)
{
	struct node *node = malloc(sizeof(*node)), *old = shared;

	if (!node)
		abort();
	node->value = value;
	publish(node);
	if (old)
		call_rcu(&old->rcu, free_node);
	rcu_barrier(); /* at once: no reader has begun another section */
	sleep_us(500);
}

int main(void)
{
	struct pagesim_thread threads[NR_READERS];
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.nr_cpus = NR_READERS + 1;
	if (pagesim_boot(&config))
		return 2;
	replace(0);
	for (int i = 0; i < NR_READERS; i++)
		if (pagesim_thread_create(&threads[i], "reader", reader, NULL))
			return 2;
	for (unsigned long i = 1; i <= NR_UPDATES; i++)
		replace(i);
	smp_store_release(&stop, true);
	for (int i = 0; i < NR_READERS; i++)
		pagesim_thread_join(&threads[i]);
	free(shared);
	pagesim_shutdown();
	return 0;
}

#endif /* PAGESIM_TEST_PLANTED_H */
