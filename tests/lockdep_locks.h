/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/*
 * For the tests of lockdep: four locks on a machine whose lockdep knows
 * nothing yet, and who takes them.
 */
#ifndef PAGESIM_TEST_LOCKDEP_LOCKS_H
#define PAGESIM_TEST_LOCKDEP_LOCKS_H

#include "test.h"
#include <pagesim/cpu.h>
#include <pagesim/lockdep.h>
#include <pagesim/spinlock.h>

static spinlock_t a, b, c, d;

static inline int boot_locks(void **state)
{
	int err = boot_machine(state);

	spin_lock_init(&a);
	spin_lock_init(&b);
	spin_lock_init(&c);
	spin_lock_init(&d);
	return err;
}

/* Whatever a test has not expected, is wrong. */
static inline int nothing_reported(void **state)
{
	unsigned long reports = pagesim_nr_reports(PAGESIM_REPORT_LOCKDEP);

	return shutdown_machine(state) || reports;
}

#define lockdep_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_locks, nothing_reported)

/* The statement must be reported; then it is as if it were not. */
#define expect(text, statement)                          \
	do {                                             \
		struct expected_report __expected;       \
                                                         \
		expect_in(&__expected, text, statement); \
	} while (0)

#define expect_in(expected, text, statement)                                 \
	do {                                                                 \
		expect_report(expected, PAGESIM_REPORT_LOCKDEP, text,        \
			      statement);                                    \
		assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_LOCKDEP), \
				 1);                                         \
		pagesim_reset_reports();                                     \
	} while (0)

static inline void take(spinlock_t *lock)
{
	spin_lock(lock);
	spin_unlock(lock);
}

static inline void take_bh(spinlock_t *lock)
{
	spin_lock_bh(lock);
	spin_unlock_bh(lock);
}

static inline void take_irq(spinlock_t *lock)
{
	unsigned long flags;

	spin_lock_irqsave(lock, flags);
	spin_unlock_irqrestore(lock, flags);
}

static inline void take_two(spinlock_t *first, spinlock_t *second)
{
	spin_lock(first);
	spin_lock(second);
	spin_unlock(second);
	spin_unlock(first);
}

/* All of one class. */
static inline void init_many(spinlock_t *locks, int nr)
{
	for (int i = 0; i < nr; i++)
		spin_lock_init(&locks[i]);
}

/* ---- in a softirq and in an interrupt ---- */

static spinlock_t *softirq_first, *softirq_second;
static bool softirq_tries;

static inline void softirq(void)
{
	if (softirq_tries) {
		assert_true(spin_trylock(softirq_first));
		spin_unlock(softirq_first);
	} else if (softirq_second) {
		take_two(softirq_first, softirq_second);
	} else {
		take(softirq_first);
	}
}

static inline void in_a_softirq(spinlock_t *first, spinlock_t *second)
{
	softirq_first = first;
	softirq_second = second;
	open_softirq(RCU_SOFTIRQ, softirq);
	raise_softirq(RCU_SOFTIRQ);
	pagesim_softirq_point();
}

static inline void interrupt_takes(void *lock)
{
	take(lock);
}

#endif /* PAGESIM_TEST_LOCKDEP_LOCKS_H */
