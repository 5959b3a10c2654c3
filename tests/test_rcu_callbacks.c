// SPDX-License-Identifier: MIT
// Floor: 5
#include <errno.h>
#include "test.h"
#include <pagesim/atomic.h>
#include <pagesim/cpu.h>
#include <pagesim/rcupdate.h>
#include <pagesim/slab.h>
#include <pagesim/spinlock.h>
#include "platform.h"
#include "rcu_machines.h"

/* ---- callbacks that say when and where they ran ---- */

#define MAX_ITEMS 100

struct item {
	struct rcu_head rcu;
	int nr;
};

static struct item items[MAX_ITEMS];
static int ran[MAX_ITEMS], nr_ran; /* plain: barrier or softirq orders */
static bool in_softirq_then, serving_then, held_then;
static unsigned int cpu_then;

static void note_run(struct rcu_head *head)
{
	ran[nr_ran++] = container_of(head, struct item, rcu)->nr;
	in_softirq_then = in_softirq();
	serving_then = in_serving_softirq();
	held_then = rcu_read_lock_held();
	cpu_then = smp_processor_id();
}

static void queue_items(int first, int nr)
{
	for (int i = first; i < first + nr; i++) {
		items[i].nr = i;
		call_rcu(&items[i].rcu, note_run);
	}
}

static void reset_items(void)
{
	memset(items, 0, sizeof(items));
	nr_ran = 0;
}

/* ---- modes ---- */

static void test_softirq_runs_at_a_point(void **state)
{
	(void)state;
	reset_items();
	local_bh_disable();
	queue_items(0, 1);
	local_bh_enable();
	assert_int_equal(nr_ran, 0); /* no grace period yet */
	synchronize_rcu();
	assert_int_equal(nr_ran, 1);
	assert_true(serving_then);
	assert_int_equal(cpu_then, smp_processor_id());
	assert_int_equal(pagesim_rcu_nr_queued(), 0);
}

static bool queued, over, stop;

static void queue_then_come_to_a_point(void *arg)
{
	spinlock_t *lock = arg;

	queue_items(0, 1);
	smp_store_release(&queued, true);
	while (!smp_load_acquire(&over))
		platform_relax();
	spin_lock(lock);
	pagesim_softirq_point(); /* on top of the lock */
	assert_int_equal(nr_ran, 1);
	assert_int_equal(cpu_then, smp_processor_id());
	rcu_read_lock();
	queue_items(1, 1);
	rcu_read_unlock();
	spin_unlock(lock);
}

/* The CPU that queued runs it, though another one waited. */
static void test_softirq_on_the_cpu_that_queued(void **state)
{
	DEFINE_SPINLOCK(lock);
	struct pagesim_thread thread;

	(void)state;
	reset_items();
	queued = over = false;
	assert_int_equal(smp_processor_id(), 0);
	assert_int_equal(pagesim_thread_create(&thread, "queuer",
					       queue_then_come_to_a_point,
					       &lock),
			 0);
	while (!smp_load_acquire(&queued))
		platform_relax();
	synchronize_rcu();
	smp_store_release(&over, true);
	pagesim_thread_join(&thread);
	assert_int_equal(nr_ran, 1);
	/* Its thread is gone: the second one runs where there is one. */
	synchronize_rcu();
	assert_int_equal(nr_ran, 2);
	assert_int_equal(cpu_then, 0);
}

/* A reader's end is a point: what runs there is in no section any more. */
static void test_softirq_at_read_unlock(void **state)
{
	(void)state;
	reset_items();
	queue_items(0, 1);
	local_bh_disable();
	local_bh_enable();
	rcu_read_lock();
	raise_softirq(RCU_SOFTIRQ); /* nothing has ended */
	rcu_read_unlock();
	assert_int_equal(nr_ran, 0);
	rcu_barrier();
	assert_int_equal(nr_ran, 1);
	assert_false(held_then);
}

static void queue_and_wait(void *arg)
{
	queue_items(0, 1);
	smp_store_release(&queued, true);
	while (!smp_load_acquire((bool *)arg))
		platform_relax();
}

/* Nobody but the barrier's caller comes to a point. */
static void test_barrier_runs_what_others_do_not(void **state)
{
	struct pagesim_thread thread;

	(void)state;
	reset_items();
	queued = stop = false;
	assert_int_equal(smp_processor_id(), 0);
	assert_int_equal(pagesim_thread_create(&thread, "busy", queue_and_wait,
					       &stop),
			 0);
	while (!smp_load_acquire(&queued))
		platform_relax();
	rcu_barrier();
	assert_int_equal(nr_ran, 1);
	assert_int_equal(cpu_then, 0);
	assert_true(serving_then);
	smp_store_release(&stop, true);
	pagesim_thread_join(&thread);
}

static void in_mode(enum pagesim_rcu_mode mode, bool worker)
{
	reset_items();
	assert_int_equal(boot_mode(mode, false, worker), 0);
	assert_int_equal(smp_processor_id(), 0);
	queue_items(0, 3);
	rcu_barrier();
	assert_int_equal(nr_ran, 3);
	assert_int_equal(pagesim_rcu_nr_queued(), 0);
	assert_int_equal(pagesim_shutdown(), 0);
}

static void test_context_of_each_mode(void **state)
{
	(void)state;
	in_mode(PAGESIM_RCU_SOFTIRQ, false);
	assert_true(serving_then);
	assert_int_equal(cpu_then, 0);
	in_mode(PAGESIM_RCU_SOFTIRQ, true);
	assert_true(serving_then);
	in_mode(PAGESIM_RCU_KTHREAD_BH_OFF, false);
	assert_true(in_softirq_then && !serving_then);
	assert_int_equal(cpu_then, 0);
	in_mode(PAGESIM_RCU_KTHREAD_BH_OFF, true);
	assert_true(in_softirq_then && !serving_then);
	assert_int_equal(cpu_then, NR_CPUS); /* the worker's */
	in_mode(PAGESIM_RCU_HELPER_THREAD, false);
	assert_false(in_softirq_then);
	assert_int_equal(cpu_then, NR_CPUS);
}

/* Nobody waits but for the flag. */
static void test_worker_needs_nobody(void **state)
{
	(void)state;
	for (int mode = 0; mode < PAGESIM_RCU_NR_MODES; mode++) {
		struct rcu_head head;

		assert_int_equal(
			boot_mode((enum pagesim_rcu_mode)mode, false, true), 0);
		flag = false;
		call_rcu(&head, set_flag);
		while (!smp_load_acquire(&flag)) {
			platform_relax();
			pagesim_softirq_point();
		}
		pagesim_shutdown();
	}
}

static void test_worker_takes_a_cpu(void **state)
{
	struct pagesim_config config;

	(void)state;
	pagesim_config_init(&config);
	config.nr_cpus = PAGESIM_MAX_CPUS;
	config.rcu_worker = true;
	assert_int_equal(pagesim_boot(&config), -EINVAL);
	assert_non_null(strstr(pagesim_error(), "one for RCU's thread"));
	config.nr_cpus--;
	assert_int_equal(pagesim_boot(&config), 0);
	pagesim_shutdown();
	config.rcu_mode = PAGESIM_RCU_NR_MODES;
	assert_int_equal(pagesim_boot(&config), -EINVAL);
	assert_non_null(strstr(pagesim_error(), "no RCU mode 3"));
}

/* ---- order, and queueing again ---- */

static void test_order(void **state)
{
	(void)state;
	for (int lifo = 0; lifo < 2; lifo++) {
		assert_int_equal(boot_mode(PAGESIM_RCU_SOFTIRQ, lifo, false),
				 0);
		reset_items();
		queue_items(0, 10);
		rcu_barrier();
		queue_items(10, 10);
		rcu_barrier();
		assert_int_equal(nr_ran, 20);
		for (int i = 0; i < 10; i++) {
			assert_int_equal(ran[i], lifo ? 9 - i : i);
			assert_int_equal(ran[10 + i], lifo ? 19 - i : 10 + i);
		}
		pagesim_shutdown();
	}
}

static int again;

static void requeue(struct rcu_head *head)
{
	nr_ran++;
	if (again-- > 0)
		call_rcu(head, requeue);
}

static void test_queueing_from_a_callback(void **state)
{
	(void)state;
	nr_ran = 0;
	again = 2;
	call_rcu(&items[0].rcu, requeue);
	rcu_barrier();
	assert_int_equal(nr_ran, 1); /* only what was queued before it */
	assert_int_equal(pagesim_rcu_nr_queued(), 1);
	rcu_barrier();
	rcu_barrier();
	assert_int_equal(nr_ran, 3);
	assert_int_equal(pagesim_rcu_nr_queued(), 0);
}

static void test_next_keeps_bit_0_clear(void **state)
{
	(void)state;
	reset_items();
	queue_items(0, 3);
	for (int i = 0; i < 3; i++)
		assert_false((unsigned long)items[i].rcu.next & 1);
	rcu_barrier();
	assert_int_equal(sizeof(struct rcu_head), 16);
}

/* ---- kfree_rcu ---- */

struct freed {
	char before[40];
	struct rcu_head rcu;
};

static const void *kfreed;

static void note_kfree(const void *ptr)
{
	kfreed = ptr;
}

static void test_kfree_rcu(void **state)
{
	struct freed *none = NULL, here;
	struct freed *freed = kmalloc(sizeof(*freed), GFP_KERNEL);

	(void)state;
	kfree_rcu(freed, rcu); /* ASan and memcheck see whether it is */
	kfree_rcu(none, rcu);
	assert_int_equal(pagesim_rcu_nr_queued(), 1);
	rcu_barrier();
	pagesim_rcu_set_kfree(note_kfree);
	kfree_rcu(&here, rcu);
	assert_null(kfreed);
	rcu_barrier();
	assert_ptr_equal(kfreed, &here);
	pagesim_rcu_set_kfree(NULL);
}

/* ---- misuse ---- */

static void test_queued_twice(void **state)
{
	struct expected_report expected;
	char address[32], where[64];
	int line;

	(void)state;
	if (pagesim_built_debug() < PAGESIM_DEBUG_VM)
		skip();
	reset_items();
	line = __LINE__ + 1;
	call_rcu(&items[0].rcu, note_run);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "rcu_head queued twice",
		      call_rcu(&items[0].rcu, note_run));
	snprintf(address, sizeof(address), "%p", (void *)&items[0].rcu);
	snprintf(where, sizeof(where), "test_rcu_callbacks.c:%d", line);
	assert_non_null(strstr(expected.rule, address));
	assert_non_null(strstr(expected.rule, where));
	rcu_barrier();
	assert_int_equal(nr_ran, 1);
	call_rcu(&items[0].rcu, note_run); /* free again */
	rcu_barrier();
	assert_int_equal(nr_ran, 2);
}

static void call_synchronize(struct rcu_head *head)
{
	(void)head;
	synchronize_rcu();
}

static void call_barrier(struct rcu_head *head)
{
	(void)head;
	rcu_barrier();
}

static void test_callbacks_that_sleep(void **state)
{
	(void)state;
	for (int mode = 0; mode < PAGESIM_RCU_NR_MODES; mode++) {
		assert_int_equal(boot_mode((enum pagesim_rcu_mode)mode, false,
					   false),
				 0);
		pagesim_set_report_handler(note_report, NULL);
		last_rule[0] = '\0';
		call_rcu(&items[0].rcu, call_synchronize);
		rcu_barrier();
		assert_string_equal(
			last_rule,
			"synchronize_rcu() was called in an RCU callback");
		call_rcu(&items[0].rcu, call_barrier);
		rcu_barrier();
		assert_string_equal(
			last_rule,
			"rcu_barrier() was called in an RCU callback");
		pagesim_set_report_handler(NULL, NULL);
		assert_int_equal(pagesim_shutdown(), 0);
	}
}

/* ---- all at once ---- */

static unsigned long nr_counted; /* atomic */

static void count(struct rcu_head *head)
{
	free(head);
	__atomic_fetch_add(&nr_counted, 1, __ATOMIC_RELAXED);
}

static void queue_and_read(void *arg)
{
	unsigned long rounds = *(unsigned long *)arg;

	for (unsigned long i = 0; i < rounds; i++) {
		struct rcu_head *head = malloc(sizeof(*head));

		rcu_read_lock();
		call_rcu(head, count);
		rcu_read_unlock();
		if (i % 64 == 63)
			rcu_barrier();
		else if (i % 16 == 15)
			synchronize_rcu();
	}
}

static void test_everybody_at_once(void **state)
{
	unsigned long rounds = scaled(2000);

	(void)state;
	for (int mode = 0; mode < 2 * PAGESIM_RCU_NR_MODES; mode++) {
		struct pagesim_thread threads[3];

		assert_int_equal(boot_mode((enum pagesim_rcu_mode)(mode / 2),
					   mode & 1, mode & 1),
				 0);
		nr_counted = 0;
		for (int i = 0; i < 3; i++)
			assert_int_equal(
				pagesim_thread_create(&threads[i], NULL,
						      queue_and_read, &rounds),
				0);
		for (int i = 0; i < 3; i++)
			pagesim_thread_join(&threads[i]);
		rcu_barrier();
		assert_int_equal(nr_counted, 3 * rounds);
		assert_int_equal(pagesim_shutdown(), 0);
	}
}

/* ---- shutdown ---- */

static void test_shutdown_drains(void **state)
{
	struct expected_report expected;

	(void)state;
	boot_mode(PAGESIM_RCU_SOFTIRQ, false, false);
	nr_ran = 0;
	again = 2;
	call_rcu(&items[0].rcu, requeue);
	assert_int_equal(pagesim_shutdown(), 0);
	assert_int_equal(nr_ran, 3);

	boot_mode(PAGESIM_RCU_SOFTIRQ, false, false);
	nr_ran = 0;
	again = 100;
	call_rcu(&items[0].rcu, requeue);
	expect_report(&expected, PAGESIM_REPORT_LEAK, "1 RCU callbacks",
		      pagesim_shutdown());
	assert_int_equal(nr_ran, 3);

	boot_mode(PAGESIM_RCU_SOFTIRQ, false, false);
	rcu_read_lock();
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "read section",
		      pagesim_shutdown());
	assert_int_equal(pagesim_shutdown(), 0);
}

/* A report handler left the callback, and those after it, by longjmp(). */
static void test_shutdown_after_longjmp(void **state)
{
	struct expected_report expected;

	(void)state;
	boot_mode(PAGESIM_RCU_SOFTIRQ, false, false);
	reset_items();
	call_rcu(&items[0].rcu, call_synchronize);
	queue_items(1, 2);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "in an RCU callback",
		      rcu_barrier());
	queue_items(3, 2);
	expect_report(&expected, PAGESIM_REPORT_LEAK, "3 RCU callbacks",
		      pagesim_shutdown());
	assert_int_equal(nr_ran, 2);
}

static void test_1000_boots(void **state)
{
	unsigned long rounds = scaled(1000);

	(void)state;
	for (unsigned long i = 0; i < rounds; i++) {
		int mode = (int)(i % PAGESIM_RCU_NR_MODES);

		reset_items();
		assert_int_equal(boot_mode((enum pagesim_rcu_mode)mode, i & 1,
					   i & 2),
				 0);
		rcu_read_lock();
		rcu_read_unlock();
		queue_items(0, 3);
		assert_int_equal(pagesim_shutdown(), 0);
		assert_int_equal(nr_ran, 3);
	}
}

/* ---- time, shown and not judged ---- */

static void test_time_of_a_drain(void **state)
{
	static const int nrs[] = { 1, 10, 100 };
	unsigned long rounds = scaled(1000);

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(nrs); n++) {
		uint64_t start = platform_time_ns();

		for (unsigned long i = 0; i < rounds; i++) {
			reset_items();
			queue_items(0, nrs[n]);
			rcu_barrier();
		}
		print_message("%d callbacks queued and drained: %.2f us\n",
			      nrs[n],
			      (double)(platform_time_ns() - start) / 1e3 /
				      (double)rounds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rcu_test(test_softirq_runs_at_a_point),
		rcu_test(test_softirq_on_the_cpu_that_queued),
		rcu_test(test_softirq_at_read_unlock),
		rcu_test(test_barrier_runs_what_others_do_not),
		cmocka_unit_test(test_context_of_each_mode),
		cmocka_unit_test(test_worker_needs_nobody),
		cmocka_unit_test(test_worker_takes_a_cpu),
		cmocka_unit_test(test_order),
		rcu_test(test_queueing_from_a_callback),
		rcu_test(test_next_keeps_bit_0_clear),
		rcu_test(test_kfree_rcu),
		rcu_test(test_queued_twice),
		cmocka_unit_test(test_callbacks_that_sleep),
		cmocka_unit_test(test_everybody_at_once),
		cmocka_unit_test(test_shutdown_drains),
		cmocka_unit_test(test_shutdown_after_longjmp),
		cmocka_unit_test(test_1000_boots),
		rcu_test(test_time_of_a_drain),
	};

	return cmocka_run_group_tests_name("rcu_callbacks", tests, NULL, NULL);
}
