// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
#include <pagesim/atomic.h>
#include <pagesim/wait.h>

static wait_queue_head_t queue;
static unsigned long ready, data, seen;

/* ---- no wake-up is lost, however the two sides meet ---- */

static unsigned long turn;

static void play(void *arg)
{
	unsigned long me = (unsigned long)arg;

	for (unsigned long i = me; i < 2 * scaled(5000); i += 2) {
		wait_event(queue, smp_load_acquire(&turn) == i);
		data += i; /* plain: whose turn it is, has it alone */
		smp_store_release(&turn, i + 1);
		wake_up_all(&queue);
	}
}

static void test_ping_pong(void **state)
{
	struct pagesim_thread threads[2];
	unsigned long rounds = 2 * scaled(5000);

	(void)state;
	init_waitqueue_head(&queue);
	turn = data = 0;
	start_workers(threads, 2, play);
	join_workers(threads, 2);
	assert_int_equal(turn, rounds);
	assert_int_equal(data, rounds * (rounds - 1) / 2);
	assert_false(waitqueue_active(&queue));
}

static void wait_for_ready(void *arg)
{
	(void)arg;
	wait_event(queue, smp_load_acquire(&ready));
	__atomic_fetch_add(&seen, data, __ATOMIC_RELAXED);
}

static void test_all_are_woken(void **state)
{
	struct pagesim_thread threads[NR_WORKERS];

	(void)state;
	init_waitqueue_head(&queue);
	ready = seen = 0;
	start_workers(threads, NR_WORKERS, wait_for_ready);
	data = 5;
	smp_store_release(&ready, 1);
	wake_up_all(&queue);
	join_workers(threads, NR_WORKERS);
	assert_int_equal(seen, 5 * NR_WORKERS);
}

/* ---- exclusive waiters ---- */

static void wait_exclusively(void *arg)
{
	wait_queue_entry_t entry;

	(void)arg;
	init_wait(&entry);
	prepare_to_wait_exclusive(&queue, &entry, TASK_UNINTERRUPTIBLE);
	__atomic_fetch_add(&ready, 1, __ATOMIC_RELEASE);
	schedule();
	finish_wait(&queue, &entry);
	__atomic_fetch_add(&seen, 1, __ATOMIC_RELEASE);
}

static void test_exclusive_ones_one_by_one(void **state)
{
	struct pagesim_thread threads[NR_WORKERS];

	(void)state;
	init_waitqueue_head(&queue);
	ready = seen = 0;
	start_workers(threads, NR_WORKERS, wait_exclusively);
	while (smp_load_acquire(&ready) < NR_WORKERS)
		;
	for (unsigned long i = 1; i <= NR_WORKERS; i++) {
		wake_up(&queue);
		while (smp_load_acquire(&seen) < i)
			;
		assert_int_equal(waitqueue_active(&queue), i < NR_WORKERS);
	}
	join_workers(threads, NR_WORKERS);
	assert_int_equal(seen, NR_WORKERS);
}

/* ---- sleeping by hand ---- */

static void sleep_twice(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		smp_store_release(&ready, (unsigned long)i + 1);
		schedule();
		data++;
	}
	smp_store_release(&ready, 3);
}

static struct pagesim_cpu *sleeper;

static void find_sleeper(struct pagesim_cpu *cpu, void *me)
{
	if (cpu != me)
		sleeper = cpu;
}

static void test_wake_up_process(void **state)
{
	struct pagesim_thread thread;

	(void)state;
	ready = data = 0;
	assert_false(wake_up_process(this_cpu())); /* it runs */
	start_workers(&thread, 1, sleep_twice);
	for_each_running_cpu(find_sleeper, this_cpu());
	for (unsigned long i = 1; i <= 2; i++) {
		while (smp_load_acquire(&ready) < i)
			;
		while (!wake_up_process(sleeper))
			;
	}
	join_workers(&thread, 1);
	assert_int_equal(data, 2);
	set_current_state(TASK_RUNNING);
	schedule(); /* or this test never ends */
}

static void test_sleeping_in_the_wrong_place(void **state)
{
	struct expected_report expected;

	(void)state;
	local_bh_disable();
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "bh_disabled",
		      schedule());
	local_bh_enable();
	local_irq_disable();
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "irqs_off", schedule());
	local_irq_enable();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cpu_test(test_ping_pong),
		cpu_test(test_all_are_woken),
		cpu_test(test_exclusive_ones_one_by_one),
		cpu_test(test_wake_up_process),
		cpu_test(test_sleeping_in_the_wrong_place),
	};

	return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
