// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/atomic.h>
#include <pagesim/wait.h>

#define NR_WAITERS 3

static int boot_cpus(void **state)
{
	struct pagesim_config config;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = 64;
	config.nr_cpus = NR_WAITERS + 1;
	return pagesim_boot(&config);
}

#define cpu_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_cpus, shutdown_machine)

static wait_queue_head_t queue;
static unsigned long ready, data, seen;

static void start(struct pagesim_thread *threads, int nr, void (*fn)(void *))
{
	for (int i = 0; i < nr; i++)
		assert_int_equal(pagesim_thread_create(&threads[i], "waiter",
						       fn, (void *)(long)i),
				 0);
}

static void join(struct pagesim_thread *threads, int nr)
{
	for (int i = 0; i < nr; i++)
		pagesim_thread_join(&threads[i]);
}

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
	start(threads, 2, play);
	join(threads, 2);
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
	struct pagesim_thread threads[NR_WAITERS];

	(void)state;
	init_waitqueue_head(&queue);
	ready = seen = 0;
	start(threads, NR_WAITERS, wait_for_ready);
	data = 5;
	smp_store_release(&ready, 1);
	wake_up_all(&queue);
	join(threads, NR_WAITERS);
	assert_int_equal(seen, 5 * NR_WAITERS);
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
	struct pagesim_thread threads[NR_WAITERS];

	(void)state;
	init_waitqueue_head(&queue);
	ready = seen = 0;
	start(threads, NR_WAITERS, wait_exclusively);
	while (smp_load_acquire(&ready) < NR_WAITERS)
		;
	for (unsigned long i = 1; i <= NR_WAITERS; i++) {
		wake_up(&queue);
		while (smp_load_acquire(&seen) < i)
			;
		assert_int_equal(waitqueue_active(&queue), i < NR_WAITERS);
	}
	join(threads, NR_WAITERS);
	assert_int_equal(seen, NR_WAITERS);
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
	start(&thread, 1, sleep_twice);
	for_each_running_cpu(find_sleeper, this_cpu());
	for (unsigned long i = 1; i <= 2; i++) {
		while (smp_load_acquire(&ready) < i)
			;
		while (!wake_up_process(sleeper))
			;
	}
	join(&thread, 1);
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

static void test_careful_lists(void **state)
{
	struct list_head head, entry;

	(void)state;
	INIT_LIST_HEAD(&head);
	list_add(&entry, &head);
	assert_false(list_empty_careful(&entry));
	list_del_init_careful(&entry);
	assert_true(list_empty_careful(&entry));
	assert_true(list_empty_careful(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cpu_test(test_ping_pong),
		cpu_test(test_all_are_woken),
		cpu_test(test_exclusive_ones_one_by_one),
		cpu_test(test_wake_up_process),
		cpu_test(test_sleeping_in_the_wrong_place),
		cmocka_unit_test(test_careful_lists),
	};

	return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
