// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
#include "lockdep_locks.h"
#include <pagesim/mutex.h>
#include "platform.h"

static struct mutex lock;
static unsigned long counter; /* plain: only the lock makes it safe */

static void test_states(void **state)
{
	(void)state;
	mutex_init(&lock);
	assert_false(mutex_is_locked(&lock));
	mutex_lock(&lock);
	assert_true(mutex_is_locked(&lock));
	assert_false(mutex_trylock(&lock));
	mutex_unlock(&lock);
	assert_true(mutex_trylock(&lock));
	mutex_unlock(&lock);
}

static void hold(void *arg)
{
	(void)arg;
	mutex_lock(&lock);
}

static void lock_in_softirq(void)
{
	struct expected_report expected;

	/* After might_sleep()'s and lockdep's. */
	expect_reports(&expected, 3, PAGESIM_REPORT_BUG_ON, "softirq",
		       mutex_lock(&lock));
	counter++;
}

static void test_wrong_use(void **state)
{
	struct expected_report expected;
	struct pagesim_thread thread;

	(void)state;
	if (pagesim_built_debug() < PAGESIM_DEBUG_VM)
		skip();
	mutex_init(&lock);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "owner",
		      mutex_unlock(&lock));
	mutex_lock(&lock);
	/* After lockdep's. */
	expect_reports(&expected, 2, PAGESIM_REPORT_BUG_ON, "owner",
		       mutex_lock(&lock));
	mutex_unlock(&lock);
	/* Another thread's, which ended with it. */
	assert_int_equal(smp_processor_id(), 0);
	assert_int_equal(pagesim_thread_create(&thread, "t", hold, NULL), 0);
	pagesim_thread_join(&thread);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "owner",
		      mutex_unlock(&lock));
	counter = 0;
	open_softirq(RCU_SOFTIRQ, lock_in_softirq);
	raise_softirq(RCU_SOFTIRQ);
	pagesim_softirq_point();
	assert_int_equal(counter, 1);
}

static void count_up(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; i < scaled(5000); i++) {
		mutex_lock(&lock);
		counter++;
		/* Now and then let the others find it taken, and sleep. */
		if (i % 50 == 0)
			platform_yield();
		mutex_unlock(&lock);
	}
}

static void test_mutual_exclusion(void **state)
{
	struct pagesim_thread threads[NR_WORKERS];

	(void)state;
	mutex_init(&lock);
	counter = 0;
	for (int i = 0; i < NR_WORKERS; i++)
		assert_int_equal(pagesim_thread_create(&threads[i], "t",
						       count_up, NULL),
				 0);
	for (int i = 0; i < NR_WORKERS; i++)
		pagesim_thread_join(&threads[i]);
	assert_int_equal(counter, NR_WORKERS * scaled(5000));
	assert_false(mutex_is_locked(&lock));
}

/* ---- lockdep ---- */

static struct mutex m, n;

static int boot_mutexes(void **state)
{
	int err = boot_locks(state);

	mutex_init(&m);
	mutex_init(&n);
	return err;
}

#define mutex_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_mutexes, nothing_reported)

static void lock_two(struct mutex *first, struct mutex *second)
{
	mutex_lock(first);
	mutex_lock(second);
	mutex_unlock(second);
	mutex_unlock(first);
}

static void test_order(void **state)
{
	struct expected_report expected;

	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		skip();
	(void)state;
	lock_two(&m, &n);
	expect_in(&expected,
		  "possible circular locking dependency detected: &n -> &m",
		  lock_two(&n, &m));
	assert_non_null(strstr(expected.console, "test_mutex.c:"));
	lock_two(&n, &m);
}

/* A spinlock under a mutex, a mutex tried for under a spinlock. */
static void test_order_with_spinlocks(void **state)
{
	(void)state;
	mutex_lock(&m);
	take(&a);
	mutex_unlock(&m);
	spin_lock(&a);
	assert_true(mutex_trylock(&m));
	lockdep_assert_held(&m);
	mutex_unlock(&m);
	lockdep_assert_not_held(&m);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 0);
	spin_unlock(&a);
}

static void init_in_one_place(struct mutex *locks, int nr)
{
	for (int i = 0; i < nr; i++)
		mutex_init(&locks[i]);
}

static void test_two_of_a_class(void **state)
{
	static struct lock_class_key key;
	struct mutex locks[4];

	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		skip();
	(void)state;
	init_in_one_place(locks, 4);
	mutex_lock(&m);
	mutex_lock(&locks[0]);
	mutex_lock_nest_lock(&locks[1], &m);
	mutex_unlock(&locks[1]);
	mutex_unlock(&m);
	mutex_lock_nested(&locks[1], 1);
	mutex_unlock(&locks[1]);
	lockdep_set_class(&locks[2], &key);
	assert_int_equal(mutex_lock_killable(&locks[2]), 0);
	mutex_unlock(&locks[2]);
	expect("possible recursive locking detected: &locks[i]",
	       mutex_lock(&locks[3]));
	mutex_unlock(&locks[3]);
	mutex_unlock(&locks[0]);
}

/* Kept by a task, wanted by a softirq: besides, that must not sleep. */
static void lock_m(void)
{
	struct expected_report expected;

	expect_reports(&expected, 2, PAGESIM_REPORT_LOCKDEP,
		       "inconsistent {SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W} usage",
		       mutex_lock(&m));
	mutex_unlock(&m);
}

static void test_in_a_softirq(void **state)
{
	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		skip();
	(void)state;
	mutex_lock(&m);
	mutex_unlock(&m);
	open_softirq(RCU_SOFTIRQ, lock_m);
	raise_softirq(RCU_SOFTIRQ);
	pagesim_softirq_point();
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_LOCKDEP), 1);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 1);
	pagesim_reset_reports();
}

static void test_static_mutexes(void **state)
{
	static DEFINE_MUTEX(x);
	static DEFINE_MUTEX(y);

	struct expected_report expected;

	(void)state;
	lock_two(&x, &y);
	mutex_destroy(&x);
	mutex_lock(&x);
	expect_report(&expected, PAGESIM_REPORT_WARN, "mutex_is_locked",
		      mutex_destroy(&x));
	mutex_unlock(&x);
	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		return;
	expect("possible circular", lock_two(&y, &x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cpu_test(test_states),
		cpu_test(test_wrong_use),
		cpu_test(test_mutual_exclusion),
		mutex_test(test_order),
		mutex_test(test_order_with_spinlocks),
		mutex_test(test_two_of_a_class),
		mutex_test(test_in_a_softirq),
		mutex_test(test_static_mutexes),
	};

	return cmocka_run_group_tests_name("mutex", tests, NULL, NULL);
}
