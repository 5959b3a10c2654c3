// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * lockdep/lock-order: two locks, taken by two threads in one order or in two.
 *
 * lockdep/softirq-inversion: a lock that a softirq takes, too, and a thread
 * that holds it with softirqs on: {SOFTIRQ-ON-W} and {IN-SOFTIRQ-W}.
 *
 * Lockdep says so without that it has to happen; without lockdep it happens.
 */
#include <pagesim/rcupdate.h>
#include <pagesim/spinlock.h>

#include "scenarios.h"

enum {
	RIGHT,
	WRONG,
	WRONG_UNSEEN, /* lockdep is off */
};

static int variant_id;

static void configure(const struct pagesim_variant *variant,
		      struct pagesim_config *config)
{
	config->no_lockdep = variant->id == WRONG_UNSEEN;
}

/* ---- order ---- */

static spinlock_t inner, outer;

static void order_setup(const struct pagesim_variant *variant)
{
	variant_id = variant->id;
	spin_lock_init(&outer);
	spin_lock_init(&inner);
}

static void take(spinlock_t *first, spinlock_t *second)
{
	spin_lock(first);
	pagesim_delay();
	spin_lock(second);
	spin_unlock(second);
	spin_unlock(first);
}

static void in_order(void)
{
	take(&outer, &inner);
}

static void in_order_or_not(void)
{
	if (variant_id == RIGHT)
		take(&outer, &inner);
	else
		take(&inner, &outer);
}

static const struct pagesim_variant order_variants[] = {
	{ .name = "one-order", .id = RIGHT },
	{ .name = "two-orders",
	  .provenance = "reported though it has not happened",
	  .expected = PAGESIM_LOCKDEP,
	  .needs = PAGESIM_DEBUG_FULL,
	  .id = WRONG },
	{ .name = "two-orders-no-lockdep",
	  .provenance = "until it happens",
	  .expected = PAGESIM_DEADLOCK,
	  .id = WRONG_UNSEEN },
	{ .name = NULL },
};

const struct pagesim_scenario lockdep_lock_order = {
	.name = "lockdep/lock-order",
	.question = "may two threads take two locks in two orders?",
	.provenance = "v6.12 kernel/locking/lockdep.c",
	.variants = order_variants,
	.configure = configure,
	.setup = order_setup,
	.threads = { { "first", in_order }, { "second", in_order_or_not } },
};

/* ---- softirqs ---- */

static spinlock_t shared;
static unsigned long nr_taken; /* plain: under the lock */

static void softirq(void)
{
	spin_lock(&shared);
	nr_taken++;
	spin_unlock(&shared);
}

static void softirq_setup(const struct pagesim_variant *variant)
{
	variant_id = variant->id;
	spin_lock_init(&shared);
	nr_taken = 0;
	open_softirq(RCU_SOFTIRQ, softirq);
}

/* An interrupt may end in the section, and its softirq come on top. */
static void section(void)
{
	nr_taken++;
	raise_softirq(RCU_SOFTIRQ);
	pagesim_softirq_point();
}

static void thread(void)
{
	if (variant_id == RIGHT) {
		spin_lock_bh(&shared);
		section();
		spin_unlock_bh(&shared);
	} else {
		spin_lock(&shared);
		section();
		spin_unlock(&shared);
	}
}

static const struct pagesim_variant softirq_variants[] = {
	{ .name = "spin_lock_bh", .id = RIGHT },
	{ .name = "spin_lock",
	  .provenance = "{SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W}",
	  .expected = PAGESIM_LOCKDEP,
	  .needs = PAGESIM_DEBUG_FULL,
	  .id = WRONG },
	{ .name = "spin_lock-no-lockdep",
	  .provenance = "the softirq waits for the thread that it interrupted",
	  .expected = PAGESIM_DEADLOCK,
	  .id = WRONG_UNSEEN },
	{ .name = NULL },
};

const struct pagesim_scenario lockdep_softirq_inversion = {
	.name = "lockdep/softirq-inversion",
	.question = "may a softirq take a lock that is held with softirqs on?",
	.provenance = "v6.12 kernel/locking/lockdep.c",
	.variants = softirq_variants,
	.configure = configure,
	.setup = softirq_setup,
	.threads = { { "first", thread }, { "second", thread } },
};
