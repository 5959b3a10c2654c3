// SPDX-License-Identifier: MIT
// Floor: 5
#include "lockdep_locks.h"
#include <pagesim/completion.h>
#include <pagesim/folio_lock.h>
#include <pagesim/might_sleep.h>
#include <pagesim/mutex.h>
#include <pagesim/page_alloc.h>
#include <pagesim/rcupdate.h>
#include <pagesim/rwsem.h>
#include <pagesim/slab.h>

#define HEADLINE "BUG: sleeping function called from invalid context at "

static struct mutex mutex;
static struct rw_semaphore sem;
static struct completion done;

static int boot(void **state)
{
	int err = boot_locks(state);

	mutex_init(&mutex);
	init_rwsem(&sem);
	init_completion(&done);
	return err;
}

#define sleep_test(f) cmocka_unit_test_setup_teardown(f, boot, nothing_reported)

/* The statement warns once, and is done all the same. */
#define expect_sleep(expected, statement)                                     \
	do {                                                                  \
		expect_report(expected, PAGESIM_REPORT_WARN, HEADLINE,        \
			      statement);                                     \
		assert_non_null(strstr((expected)->rule, __FILE__));          \
		assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 1); \
		pagesim_reset_reports();                                      \
	} while (0)

static void test_where_one_may(void **state)
{
	(void)state;
	might_sleep();
	mutex_lock(&mutex);
	might_sleep(); /* with a lock that one sleeps for */
	mutex_unlock(&mutex);
	spin_lock_bh(&a);
	spin_unlock_bh(&a);
	might_sleep();
	assert_false(in_atomic());
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 0);
}

static void test_where_one_may_not(void **state)
{
	struct expected_report expected;

	(void)state;
	local_irq_disable();
	expect_sleep(&expected, might_sleep());
	assert_non_null(
		strstr(expected.console, "in_atomic(): 0, irqs_disabled(): 1"));
	local_irq_enable();
	local_bh_disable();
	expect_sleep(&expected, might_sleep());
	assert_non_null(
		strstr(expected.console, "in_atomic(): 1, irqs_disabled(): 0"));
	assert_non_null(strstr(expected.console, "preempt_count: 200, "));
	assert_int_equal(preempt_count(), 0x200);
	local_bh_enable();
	preempt_disable();
	expect_sleep(&expected, cond_resched());
	assert_non_null(strstr(expected.console, "preempt_count: 1, "));
	assert_true(in_atomic());
	preempt_enable();
	assert_int_equal(cond_resched(), 0);
	assert_false(need_resched());
	spin_lock(&a);
	spin_lock(&b);
	if (pagesim_built_debug() == PAGESIM_DEBUG_FULL) {
		expect_sleep(&expected, might_sleep());
		assert_non_null(strstr(expected.console, "preempt_count: 2, "));
		assert_non_null(strstr(expected.console, "2 locks held by"));
		assert_non_null(strstr(expected.console, "(&b)"));
		assert_true(in_atomic());
	}
	spin_unlock(&b);
	spin_unlock(&a);
	might_sleep();
}

static struct expected_report inside;

static void sleep_here(void *arg)
{
	if (arg && smp_processor_id() != *(unsigned int *)arg)
		return;
	expect_sleep(&inside, might_sleep());
}

static void sleep_in_softirq(void)
{
	sleep_here(NULL);
}

static void test_handlers(void **state)
{
	unsigned int me = smp_processor_id();

	(void)state;
	open_softirq(RCU_SOFTIRQ, sleep_in_softirq);
	raise_softirq(RCU_SOFTIRQ);
	pagesim_softirq_point();
	assert_non_null(strstr(inside.console, "preempt_count: 100, "));
	on_each_cpu(sleep_here, &me, true);
	assert_non_null(strstr(inside.console, "preempt_count: 10000, "));
}

static void test_in_a_read_section(void **state)
{
	struct expected_report expected;

	(void)state;
	rcu_read_lock();
	expect_reports(&expected,
		       pagesim_built_debug() == PAGESIM_DEBUG_FULL ? 2 : 1,
		       PAGESIM_REPORT_WARN, HEADLINE, might_sleep());
	rcu_read_unlock();
	assert_non_null(strstr(expected.console, "RCU nest depth: 1, "));
	if (pagesim_built_debug() == PAGESIM_DEBUG_FULL) {
		assert_non_null(strstr(
			expected.console,
			" Illegal context switch in RCU read-side critical section!"));
		assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_LOCKDEP), 1);
	}
	pagesim_reset_reports();
}

/* Where it does not sleep today, either. */
static void test_allocations(void **state)
{
	struct expected_report expected;
	void *object = NULL;

	(void)state;
	local_irq_disable();
	expect_sleep(&expected, object = kmalloc(8, GFP_KERNEL));
	kfree(object);
	kfree(kmalloc(8, GFP_ATOMIC));
	kfree(kmalloc(8, GFP_NOWAIT));
	expect_report(&expected, PAGESIM_REPORT_WARN, HEADLINE,
		      object = alloc_page(GFP_KERNEL));
	pagesim_reset_reports();
	__free_page(object);
	__free_page(alloc_page(GFP_ATOMIC));
	expect_sleep(&expected, might_alloc(GFP_KERNEL));
	might_alloc(GFP_NOWAIT);
	local_irq_enable();
	kfree(kmalloc(8, GFP_KERNEL));
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 0);
}

static void test_folio_lock(void **state)
{
	struct expected_report expected;
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	local_bh_disable();
	expect_report(&expected, PAGESIM_REPORT_WARN, HEADLINE,
		      folio_lock(folio));
	folio_unlock(folio);
	pagesim_reset_reports();
	assert_true(folio_trylock(folio));
	folio_unlock(folio);
	local_bh_enable();
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 0);
	folio_put(folio);
}

/* Whether it would have to or not. */
static void test_who_might_sleep(void **state)
{
	struct expected_report expected;
	DECLARE_WAIT_QUEUE_HEAD(queue);

	(void)state;
	complete(&done);
	local_bh_disable();
	expect_sleep(&expected, mutex_lock(&mutex));
	mutex_unlock(&mutex);
	expect_sleep(&expected, down_read(&sem));
	up_read(&sem);
	expect_sleep(&expected, down_write(&sem));
	up_write(&sem);
	expect_sleep(&expected, wait_event(queue, true));
	expect_report(&expected, PAGESIM_REPORT_WARN, HEADLINE,
		      wait_for_completion(&done));
	pagesim_reset_reports();
	might_sleep_if(false);
	expect_sleep(&expected, might_sleep_if(true));
	/* These do not. */
	assert_true(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
	assert_true(down_read_trylock(&sem));
	up_read(&sem);
	assert_true(down_write_trylock(&sem));
	downgrade_write(&sem);
	up_read(&sem);
	complete(&done);
	assert_true(try_wait_for_completion(&done));
	local_bh_enable();
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 0);
}

static void test_tier_none(void **state)
{
	struct pagesim_config config;

	pagesim_shutdown();
	pagesim_config_init(&config);
	config.nr_pages = 64;
	config.debug = PAGESIM_DEBUG_NONE;
	assert_int_equal(pagesim_boot(&config), 0);
	local_bh_disable();
	might_sleep();
	local_bh_enable();
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 0);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		sleep_test(test_where_one_may),
		sleep_test(test_where_one_may_not),
		sleep_test(test_handlers),
		sleep_test(test_in_a_read_section),
		sleep_test(test_who_might_sleep),
		sleep_test(test_allocations),
		sleep_test(test_folio_lock),
		sleep_test(test_tier_none),
	};

	if (pagesim_built_debug() < PAGESIM_DEBUG_VM)
		return 77; /* not built in */
	return cmocka_run_group_tests_name("might_sleep", tests, NULL, NULL);
}
