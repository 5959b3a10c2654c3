// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
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

static void softirq(void)
{
	struct expected_report expected;

	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "softirq",
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
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "owner",
		      mutex_lock(&lock));
	mutex_unlock(&lock);
	/* Another thread's, which ended with it. */
	assert_int_equal(smp_processor_id(), 0);
	assert_int_equal(pagesim_thread_create(&thread, "t", hold, NULL), 0);
	pagesim_thread_join(&thread);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "owner",
		      mutex_unlock(&lock));
	counter = 0;
	open_softirq(RCU_SOFTIRQ, softirq);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cpu_test(test_states),
		cpu_test(test_wrong_use),
		cpu_test(test_mutual_exclusion),
	};

	return cmocka_run_group_tests_name("mutex", tests, NULL, NULL);
}
