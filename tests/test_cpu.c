// SPDX-License-Identifier: MIT
// Floor: 5
#include <errno.h>
#include "test.h"
#include "cpus.h"
#include <pagesim/atomic.h>
#include <pagesim/cpu.h>
#include "cpu.h"
#include "threads.h"

#define NR_CPUS (NR_WORKERS + 1)

static void nothing(void *arg)
{
	(void)arg;
}

/* ---- threads and CPUs ---- */

static u32 ids_seen;
static bool go;

static void note_id(void *arg)
{
	assert_string_equal(this_cpu()->name, arg);
	__atomic_fetch_or(&ids_seen, BIT(smp_processor_id()), __ATOMIC_RELAXED);
	while (!smp_load_acquire(&go))
		platform_relax();
}

static void test_a_cpu_each(void **state)
{
	struct pagesim_thread threads[NR_CPUS];

	(void)state;
	ids_seen = 0;
	go = false;
	assert_int_equal(smp_processor_id(), 0); /* this thread's */
	for (int i = 1; i < NR_CPUS; i++)
		assert_int_equal(pagesim_thread_create(&threads[i], "worker",
						       note_id, "worker"),
				 0);
	assert_int_equal(pagesim_thread_create(&threads[0], NULL, nothing,
					       NULL),
			 -EBUSY);
	assert_non_null(strstr(pagesim_error(), "all 4 CPUs"));
	smp_store_release(&go, true);
	for (int i = 1; i < NR_CPUS; i++)
		pagesim_thread_join(&threads[i]);
	assert_int_equal(ids_seen, 0xe);
	/* They are free again. */
	assert_int_equal(
		pagesim_thread_create(&threads[0], NULL, nothing, NULL), 0);
	pagesim_thread_join(&threads[0]);
}

static void test_who_boots_has_cpu_0(void **state)
{
	struct pagesim_config config;
	struct pagesim_thread thread;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = 64;
	config.nr_cpus = 1;
	assert_null(cpu_if_any());
	assert_int_equal(pagesim_boot(&config), 0);
	assert_non_null(cpu_if_any());
	assert_int_equal(smp_processor_id(), 0);
	assert_string_equal(this_cpu()->name, "main");
	assert_int_equal(pagesim_thread_create(&thread, NULL, nothing, NULL),
			 -EBUSY);
	pagesim_thread_exit(); /* only waits from here on */
	assert_int_equal(pagesim_thread_create(&thread, NULL, nothing, NULL),
			 0);
	pagesim_thread_join(&thread);
	assert_int_equal(smp_processor_id(), 0);
	pagesim_shutdown();
	assert_null(cpu_if_any());
}

static void test_a_cpu_does_not_outlive_its_machine(void **state)
{
	struct pagesim_config config;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = 64;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pagesim_boot(&config), 0);
		assert_int_equal(smp_processor_id(), 0);
		local_bh_disable();
		assert_true(in_softirq());
		pagesim_shutdown(); /* with bottom halves still disabled */
	}
	assert_int_equal(pagesim_boot(&config), 0);
	assert_false(in_softirq());
	pagesim_shutdown();
}

static void ask_for_a_cpu(void *arg)
{
	(void)arg;
	assert_int_equal(this_cpu()->id, 1);
	pagesim_thread_exit();
	assert_int_equal(this_cpu()->id, 1);
	pagesim_thread_exit();
}

/* Any thread of the program gets one when it asks. */
static void test_adopted_thread(void **state)
{
	struct platform_thread thread;

	(void)state;
	assert_int_equal(smp_processor_id(), 0);
	assert_int_equal(platform_thread_create(&thread, ask_for_a_cpu, NULL),
			 0);
	platform_thread_join(&thread);
}

static void test_leaving_with_bottom_halves_off(void **state)
{
	struct expected_report expected;

	(void)state;
	local_bh_disable();
	expect_report(&expected, PAGESIM_REPORT_WARN, "bh_disabled",
		      pagesim_thread_exit());
}

static void test_preemption(void **state)
{
	struct expected_report expected;

	(void)state;
	preempt_disable();
	expect_report(&expected, PAGESIM_REPORT_WARN, "preempt_off",
		      pagesim_thread_exit());
	preempt_disable();
	preempt_enable();
	expect_report(&expected, PAGESIM_REPORT_BUG_ON,
		      "preempt_enable() without", preempt_enable());
}

/* ---- softirqs ---- */

static int runs;
static bool serving, nested;

static void softirq(void)
{
	runs++;
	serving = in_serving_softirq() && in_softirq() && !in_hardirq();
	if (nested) {
		nested = false;
		raise_softirq(RCU_SOFTIRQ);
		local_bh_disable();
		local_bh_enable(); /* not here: one softirq at a time */
	}
}

static void test_softirq_at_bh_enable(void **state)
{
	(void)state;
	runs = 0;
	open_softirq(RCU_SOFTIRQ, softirq);
	local_bh_disable();
	local_bh_disable();
	assert_true(in_softirq());
	assert_false(in_serving_softirq());
	raise_softirq(RCU_SOFTIRQ);
	pagesim_softirq_point();
	local_bh_enable();
	assert_int_equal(runs, 0);
	local_bh_enable();
	assert_int_equal(runs, 1);
	assert_true(serving);
	assert_false(in_softirq());
	pagesim_softirq_point();
	assert_int_equal(runs, 1);
}

static void test_softirq_waits_for_interrupts(void **state)
{
	unsigned long flags;

	(void)state;
	runs = 0;
	open_softirq(RCU_SOFTIRQ, softirq);
	local_irq_save(flags);
	raise_softirq(RCU_SOFTIRQ);
	pagesim_softirq_point();
	assert_int_equal(runs, 0);
	local_irq_restore(flags);
	assert_int_equal(runs, 1);
}

static void test_softirqs_do_not_nest(void **state)
{
	(void)state;
	runs = 0;
	nested = true;
	open_softirq(RCU_SOFTIRQ, softirq);
	raise_softirq(RCU_SOFTIRQ);
	pagesim_softirq_point();
	assert_int_equal(runs, 1);
	pagesim_softirq_point();
	assert_int_equal(runs, 2);
}

static void test_unbalanced_enable(void **state)
{
	struct expected_report expected;

	(void)state;
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "bh_disabled",
		      local_bh_enable());
}

/* ---- interrupts ---- */

static void test_irq_flags_nest(void **state)
{
	unsigned long outer, inner;

	(void)state;
	assert_false(irqs_disabled());
	local_irq_save(outer);
	local_irq_save(inner);
	assert_true(irqs_disabled());
	local_irq_restore(inner);
	assert_true(irqs_disabled());
	local_irq_restore(outer);
	assert_false(irqs_disabled());
	local_irq_disable();
	assert_true(irqs_disabled());
	local_irq_enable();
	assert_false(irqs_disabled());
}

/* Plain: interrupts see it only when it is even. */
static unsigned long pair[2];
static unsigned long interrupts, torn;
static bool stop;

static void write_pair_with_interrupts_off(void *arg)
{
	unsigned long flags;

	(void)arg;
	while (!smp_load_acquire(&stop)) {
		local_irq_save(flags);
		pair[0]++;
		barrier();
		pair[1]++;
		local_irq_restore(flags);
	}
}

static void look_at_pair(void *arg)
{
	unsigned long me = *(unsigned long *)arg;

	if (smp_processor_id() == me)
		return;
	interrupts += in_hardirq() && irqs_disabled() && !in_serving_softirq();
	torn += pair[0] != pair[1];
}

static void test_interrupts_keep_out(void **state)
{
	unsigned long me = smp_processor_id(), rounds = scaled(20000);
	struct pagesim_thread thread;

	(void)state;
	interrupts = torn = 0;
	stop = false;
	assert_int_equal(pagesim_thread_create(&thread, "writer",
					       write_pair_with_interrupts_off,
					       NULL),
			 0);
	for (unsigned long i = 0; i < rounds; i++)
		on_each_cpu(look_at_pair, &me, true);
	smp_store_release(&stop, true);
	pagesim_thread_join(&thread);
	assert_int_equal(interrupts, rounds);
	assert_int_equal(torn, 0);
}

static u32 interrupted;

static void note_interrupted(void *arg)
{
	(void)arg;
	interrupted |= BIT(smp_processor_id());
}

static void count_running(struct pagesim_cpu *cpu, void *data)
{
	*(u32 *)data |= BIT(cpu->id);
}

static void test_each_cpu_is_interrupted(void **state)
{
	struct pagesim_thread threads[2];
	u32 running = 0;

	(void)state;
	assert_int_equal(smp_processor_id(), 0);
	ids_seen = 0;
	go = false;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pagesim_thread_create(&threads[i], "t",
						       note_id, "t"),
				 0);
	for_each_running_cpu(count_running, &running);
	assert_int_equal(running, 7);
	interrupted = 0;
	smp_call_function(note_interrupted, NULL, true);
	assert_int_equal(interrupted, 6);
	on_each_cpu(note_interrupted, NULL, true);
	assert_int_equal(interrupted, 7);
	assert_int_equal(smp_processor_id(), 0);
	assert_false(in_hardirq());
	smp_store_release(&go, true);
	for (int i = 0; i < 2; i++)
		pagesim_thread_join(&threads[i]);
}

static void test_call_with_interrupts_off(void **state)
{
	struct expected_report expected;

	(void)state;
	local_irq_disable();
	expect_report(&expected, PAGESIM_REPORT_WARN, "irqs_off",
		      smp_call_function(note_interrupted, NULL, true));
	local_irq_enable();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cpu_test(test_a_cpu_each),
		cmocka_unit_test(test_who_boots_has_cpu_0),
		cmocka_unit_test(test_a_cpu_does_not_outlive_its_machine),
		cpu_test(test_adopted_thread),
		cpu_test(test_leaving_with_bottom_halves_off),
		cpu_test(test_preemption),
		cpu_test(test_softirq_at_bh_enable),
		cpu_test(test_softirq_waits_for_interrupts),
		cpu_test(test_softirqs_do_not_nest),
		cpu_test(test_unbalanced_enable),
		cpu_test(test_irq_flags_nest),
		cpu_test(test_interrupts_keep_out),
		cpu_test(test_each_cpu_is_interrupted),
		cpu_test(test_call_with_interrupts_off),
	};

	return cmocka_run_group_tests_name("cpu", tests, NULL, NULL);
}
