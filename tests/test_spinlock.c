// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/atomic.h>
#include <pagesim/cpu.h>
#include <pagesim/spinlock.h>
#include "platform.h"
#include "threads.h"

#define NR_THREADS 4

static DEFINE_SPINLOCK(lock);
static unsigned long shared; /* plain: only the lock makes it safe */

static void test_states(void **state)
{
	(void)state;
	assert_false(spin_is_locked(&lock));
	spin_lock(&lock);
	assert_true(spin_is_locked(&lock));
	assert_false(spin_trylock(&lock));
	spin_unlock(&lock);
	assert_true(spin_trylock(&lock));
	spin_unlock(&lock);
	assert_int_equal(sizeof(spinlock_t), 4);
}

static void count_up(void *arg)
{
	unsigned long rounds = *(unsigned long *)arg;

	for (unsigned long i = 0; i < rounds; i++) {
		spin_lock(&lock);
		shared++;
		/* Now and then long enough for the others to go to sleep. */
		for (int spin = 0; i % 1000 == 0 && spin < 2000; spin++)
			platform_relax();
		spin_unlock(&lock);
	}
}

static void test_mutual_exclusion(void **state)
{
	struct platform_thread threads[NR_THREADS];
	unsigned long rounds = scaled(50000);

	(void)state;
	shared = 0;
	for (int i = 0; i < NR_THREADS; i++)
		assert_int_equal(platform_thread_create(&threads[i], count_up,
							&rounds),
				 0);
	for (int i = 0; i < NR_THREADS; i++)
		platform_thread_join(&threads[i]);
	assert_int_equal(shared, NR_THREADS * rounds);
	assert_false(spin_is_locked(&lock));
}

/*
 * One thread unlocks as often as it can, the other goes to sleep as soon as
 * it can: a wake-up that is lost hangs the test. Not one that is lost for
 * want of the barrier: on the way to the futex the store has long arrived.
 */
static u32 turn;

static void unlocks(void *arg)
{
	unsigned long rounds = *(unsigned long *)arg;

	for (unsigned long i = 0; i < rounds; i++) {
		spin_lock(&lock);
		smp_store_release(&turn, (u32)i + 1);
		for (unsigned long spin = 0; spin < i % 64; spin++)
			barrier();
		spin_unlock(&lock);
		while (smp_load_acquire(&turn))
			platform_yield();
	}
}

static void sleeps(void *arg)
{
	unsigned long rounds = *(unsigned long *)arg;

	for (unsigned long i = 0; i < rounds; i++) {
		while (!smp_load_acquire(&turn))
			;
		__pagesim_spin_lock_slow(&lock.rlock);
		raw_spin_unlock(&lock.rlock);
		smp_store_release(&turn, 0);
	}
}

static void test_sleeps(void **state)
{
	unsigned long rounds = scaled(1000);

	(void)state;
	turn = 0;
	run_two(unlocks, &rounds, sleeps, &rounds);
	assert_false(spin_is_locked(&lock));
}

static void test_membarrier(void **state)
{
	(void)state;
	/* Debian's kernels have it, and Valgrind lets it through. */
	assert_true(platform_membarrier());
}

static int softirqs;

/* It is let in by the enable, after the unlock. */
static void softirq(void)
{
	softirqs++;
	assert_true(spin_trylock(&lock));
	spin_unlock(&lock);
}

static void test_bh(void **state)
{
	(void)state;
	softirqs = 0;
	open_softirq(RCU_SOFTIRQ, softirq);
	spin_lock_bh(&lock);
	raise_softirq(RCU_SOFTIRQ);
	pagesim_softirq_point();
	assert_true(in_softirq() && spin_is_locked(&lock));
	assert_int_equal(softirqs, 0);
	spin_unlock_bh(&lock);
	assert_int_equal(softirqs, 1);
	assert_false(in_softirq());
}

static void test_irq(void **state)
{
	unsigned long flags;

	(void)state;
	softirqs = 0;
	open_softirq(RCU_SOFTIRQ, softirq);
	spin_lock_irqsave(&lock, flags);
	raise_softirq(RCU_SOFTIRQ);
	assert_true(irqs_disabled() && spin_is_locked(&lock));
	spin_unlock_irqrestore(&lock, flags);
	assert_int_equal(softirqs, 1);
	assert_false(irqs_disabled());

	spin_lock_irq(&lock);
	assert_true(irqs_disabled() && spin_is_locked(&lock));
	spin_unlock_irq(&lock);
	assert_false(irqs_disabled() || spin_is_locked(&lock));
}

/*
 * What is stored before the lock is ordered to what is stored in it: the
 * data are plain, and ThreadSanitizer judges.
 */
static int data, ready;

static void send(void *arg)
{
	(void)arg;
	data = 42;
	spin_lock(&lock);
	smp_mb__after_spinlock();
	WRITE_ONCE(ready, 1);
	spin_unlock(&lock);
}

static void receive(void *arg)
{
	while (!READ_ONCE(ready))
		platform_relax();
	smp_rmb();
	*(int *)arg = data;
}

static void test_mb_after_spinlock(void **state)
{
	int got = 0;

	(void)state;
	run_two(send, NULL, receive, &got);
	assert_int_equal(got, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_mutual_exclusion),
		cmocka_unit_test(test_sleeps),
		cmocka_unit_test(test_membarrier),
		cmocka_unit_test(test_mb_after_spinlock),
		machine_test(test_bh),
		machine_test(test_irq),
	};

	return cmocka_run_group_tests_name("spinlock", tests, NULL, NULL);
}
