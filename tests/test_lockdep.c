// SPDX-License-Identifier: MIT
// Floor: 5
/* Each rule of usage with one that must be reported and its silent twin. */
#include "lockdep_locks.h"
#include <pagesim/atomic.h>
#include <pagesim/page_alloc.h>
#include "platform.h"

/* ---- softirqs ---- */

/* mm->context.lock of 2023: a callback takes what a task takes with BH on. */
static void test_on_then_in_softirq(void **state)
{
	struct expected_report expected;

	(void)state;
	take(&a);
	expect_in(
		&expected,
		"WARNING: inconsistent lock state: inconsistent {SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W} usage.",
		in_a_softirq(&a, NULL));
	assert_non_null(strstr(expected.rule, "(&a)"));
	assert_non_null(strstr(expected.console, "first seen at"));
	assert_non_null(strstr(expected.console, "lockdep_locks.h:"));
	assert_non_null(strstr(expected.console, "{+.?.}"));
	in_a_softirq(&a, NULL); /* told once */
	take(&a);
}

static void test_in_then_on_softirq(void **state)
{
	(void)state;
	in_a_softirq(&a, NULL);
	expect("inconsistent {IN-SOFTIRQ-W} -> {SOFTIRQ-ON-W} usage.",
	       take(&a));
}

static void test_all_with_softirqs_off(void **state)
{
	(void)state;
	take_bh(&a);
	in_a_softirq(&a, NULL);
	take_bh(&a);
	take_irq(&a);
}

/* A kernel thread that runs callbacks with bottom halves off is no softirq. */
static void test_callback_of_a_thread(void **state)
{
	(void)state;
	take(&a);
	local_bh_disable();
	take(&a);
	local_bh_enable();
	take(&a);
}

static void test_softirqs_enabled_under_a_lock(void **state)
{
	(void)state;
	in_a_softirq(&a, NULL);
	local_bh_disable();
	local_bh_disable();
	spin_lock(&a);
	local_bh_enable();
	expect("inconsistent {IN-SOFTIRQ-W} -> {SOFTIRQ-ON-W}",
	       local_bh_enable());
	spin_unlock(&a);
}

/* Interrupts are off: no softirq comes, whatever of bottom halves. */
static void test_softirqs_enabled_without_interrupts(void **state)
{
	struct expected_report expected;

	(void)state;
	in_a_softirq(&a, NULL);
	local_irq_disable();
	local_bh_disable();
	spin_lock(&a);
	expect_report(&expected, PAGESIM_REPORT_WARN, "irqs_off",
		      local_bh_enable());
	spin_unlock(&a);
	local_irq_enable();
}

static void test_trylock_in_a_softirq(void **state)
{
	(void)state;
	softirq_tries = true;
	take(&a);
	in_a_softirq(&a, NULL);
	softirq_tries = false;
}

/* Who holds it by trylock can be interrupted as any other. */
static void test_trylock_with_softirqs_on(void **state)
{
	(void)state;
	in_a_softirq(&a, NULL);
	expect("inconsistent {IN-SOFTIRQ-W} -> {SOFTIRQ-ON-W}",
	       assert_true(spin_trylock(&a)));
	spin_unlock(&a);
}

/* ---- interrupts ---- */

static void other_cpu(void *arg)
{
	bool *done = arg;

	while (!smp_load_acquire(done))
		platform_relax();
}

/* As an interrupt on a CPU that another thread runs on. */
static void interrupt_another(spinlock_t *lock)
{
	struct pagesim_thread thread;
	bool done = false;

	assert_int_equal(pagesim_thread_create(&thread, NULL, other_cpu, &done),
			 0);
	smp_call_function(interrupt_takes, lock, true);
	smp_store_release(&done, true);
	pagesim_thread_join(&thread);
}

static void test_on_then_in_hardirq(void **state)
{
	(void)state;
	take_bh(&a);
	expect("inconsistent {HARDIRQ-ON-W} -> {IN-HARDIRQ-W} usage.",
	       interrupt_another(&a));
}

static void test_in_then_on_hardirq(void **state)
{
	(void)state;
	interrupt_another(&a);
	expect("inconsistent {IN-HARDIRQ-W} -> {HARDIRQ-ON-W} usage.",
	       take_bh(&a));
}

static void test_all_with_interrupts_off(void **state)
{
	(void)state;
	take_irq(&a);
	interrupt_another(&a);
	on_each_cpu(interrupt_takes, &a, true);
	spin_lock_irq(&a);
	spin_unlock_irq(&a);
}

static bool holds, interrupted;

static void hold_b(void *arg)
{
	enum lock_state *before_and_after = arg;

	spin_lock(&b);
	before_and_after[0] = lockdep_is_held(&b);
	smp_store_release(&holds, true);
	while (!smp_load_acquire(&interrupted))
		platform_relax();
	before_and_after[1] = lockdep_is_held(&b);
	spin_unlock(&b);
}

/* An interrupt from another CPU leaves alone what the thread holds. */
static void test_interrupt_has_its_own_locks(void **state)
{
	enum lock_state states[2] = { LOCK_STATE_UNKNOWN, LOCK_STATE_UNKNOWN };
	struct pagesim_thread thread;

	(void)state;
	holds = interrupted = false;
	assert_int_equal(pagesim_thread_create(&thread, NULL, hold_b, states),
			 0);
	while (!smp_load_acquire(&holds))
		platform_relax();
	smp_call_function(interrupt_takes, &a, true);
	smp_store_release(&interrupted, true);
	pagesim_thread_join(&thread);
	assert_int_equal(states[0], LOCK_STATE_HELD);
	assert_int_equal(states[1], LOCK_STATE_HELD);
}

static void test_interrupts_enabled_under_a_lock(void **state)
{
	(void)state;
	on_each_cpu(interrupt_takes, &a, true);
	in_a_softirq(&b, NULL);
	spin_lock_irq(&a);
	expect("inconsistent {IN-HARDIRQ-W} -> {HARDIRQ-ON-W}",
	       local_irq_enable());
	spin_unlock(&a);
	spin_lock_irq(&b);
	expect("inconsistent {IN-SOFTIRQ-W} -> {SOFTIRQ-ON-W}",
	       local_irq_enable());
	spin_unlock(&b);
}

/* Becoming a reader is a use of its own. */
static void test_downgrade(void **state)
{
	struct expected_report expected;

	(void)state;
	lock_acquire(&a, 0, false, LOCK_WRITE, NULL, "f", 1);
	assert_int_equal(lockdep_is_held_type(&a, 0), LOCK_STATE_HELD);
	assert_int_equal(lockdep_is_held_type(&a, 1), LOCK_STATE_NOT_HELD);
	lock_downgrade(&a);
	assert_int_equal(lockdep_is_held_type(&a, 0), LOCK_STATE_NOT_HELD);
	assert_int_equal(lockdep_is_held_type(&a, 1), LOCK_STATE_HELD);
	expect_in(&expected, "possible recursive", take(&a));
	assert_non_null(strstr(expected.console, "{++++}"));
	lock_release(&a);
	lock_downgrade(&a); /* is nothing */
	assert_int_equal(lockdep_is_held(&a), LOCK_STATE_NOT_HELD);
}

/* ---- a class's life ---- */

/* What was known of a lock that is gone, is not held against its memory. */
static void test_reset(void **state)
{
	static DEFINE_SPINLOCK(lock);

	(void)state;
	take_two(&a, &lock);
	take_two(&lock, &b);
	lockdep_reset_lock(&lock);
	take_two(&lock, &a);
	take_two(&b, &a); /* that led over the one that is gone */
}

static void test_free_range(void **state)
{
	static spinlock_t locks[4000];

	(void)state;
	for (int i = 0; i < 4; i++)
		take_two(&a, &locks[i * 1000]);
	lockdep_free_range(locks, sizeof(locks)); /* by looking at each known */
	for (int i = 0; i < 4; i++)
		take_two(&locks[i * 1000], &a);
	lockdep_free_range(&locks[0], 4); /* by address */
	take_two(&a, &locks[0]);
	expect("possible circular", take_two(&a, &locks[1000]));
}

static void test_novalidate(void **state)
{
	(void)state;
	lockdep_set_novalidate_class(&a);
	take(&a);
	in_a_softirq(&a, NULL);
	take_two(&a, &b);
	take_two(&b, &a);
	spin_lock(&a);
	assert_int_equal(lockdep_is_held(&a), LOCK_STATE_HELD);
	spin_unlock(&a);
}

/* Pages are freed by tasks and by callbacks. */
static void test_zone_lock(void **state)
{
	(void)state;
	__free_page(alloc_page(GFP_KERNEL));
	spin_lock_bh(&pagesim_zone.lock);
	spin_unlock_bh(&pagesim_zone.lock);
	in_a_softirq(&pagesim_zone.lock, NULL);
}

static void take_more_classes_than_there_are(void)
{
	static spinlock_t locks[1100];

	for (int i = 0; i < 1100; i++)
		take(&locks[i]);
}

static void test_full_table(void **state)
{
	(void)state;
	expect("no room for more classes", take_more_classes_than_there_are());
	take_two(&a, &b);
	take_two(&b, &a);
	assert_int_equal(lockdep_is_held(&a), LOCK_STATE_UNKNOWN);
	lockdep_assert_held(&a);
}

static void hold_too_many(spinlock_t *locks, int nr)
{
	init_many(locks, nr);
	for (int i = 0; i < nr; i++)
		assert_true(spin_trylock(&locks[i]));
	for (int i = 0; i < nr; i++)
		spin_unlock(&locks[i]);
}

static void test_too_deep(void **state)
{
	spinlock_t locks[49];

	(void)state;
	hold_too_many(locks, 48);
	expect("no room for more held locks", hold_too_many(locks, 49));
}

/* ---- questions ---- */

static void test_assert_held(void **state)
{
	struct expected_report expected;

	(void)state;
	spin_lock(&a);
	lockdep_assert_held(&a);
	expect_report(&expected, PAGESIM_REPORT_WARN, "LOCK_STATE_HELD",
		      lockdep_assert_not_held(&a));
	spin_unlock(&a);
	lockdep_assert_not_held(&a);
	expect_report(&expected, PAGESIM_REPORT_WARN, "LOCK_STATE_NOT_HELD",
		      lockdep_assert_held(&a));
}

static void suspicious(void)
{
	lockdep_rcu_suspicious(__FILE__, __LINE__, "no reader here");
}

static void test_suspicious_rcu(void **state)
{
	(void)state;
	expect("WARNING: suspicious RCU usage: no reader here", suspicious());
	suspicious();
	expect("suspicious", lockdep_rcu_suspicious(__FILE__, __LINE__, "two"));
}

static void test_off(void **state)
{
	struct pagesim_config config;

	pagesim_shutdown();
	pagesim_config_init(&config);
	config.nr_pages = 64;
	config.no_lockdep = true;
	assert_int_equal(pagesim_boot(&config), 0);
	take_two(&a, &b);
	take_two(&b, &a);
	assert_int_equal(lockdep_is_held(&a), LOCK_STATE_UNKNOWN);
	pagesim_shutdown();
	config.no_lockdep = false;
	config.debug = PAGESIM_DEBUG_PGFLAGS;
	assert_int_equal(pagesim_boot(&config), 0);
	take_two(&a, &b);
	take_two(&b, &a);
	(void)state;
}

/* ---- threads ---- */

static unsigned long count, nr_started;

/* New classes and dependencies each time, of the 1024 classes there are. */
static void come_and_go(spinlock_t *mine)
{
	for (int i = 0; i < 400; i++) {
		take_two(mine, &c);
		take_two(mine, &d);
		lockdep_reset_lock(mine);
	}
}

static void count_up(void *arg)
{
	static spinlock_t own[2];
	spinlock_t *mine = &own[*(int *)arg];

	__atomic_fetch_add(&nr_started, 1, __ATOMIC_RELAXED);
	while (READ_ONCE(nr_started) < 2)
		platform_relax();
	come_and_go(mine);
	for (unsigned long i = 0; i < scaled(20000); i++) {
		spin_lock(&a);
		spin_lock_bh(&b);
		count++;
		spin_unlock_bh(&b);
		spin_unlock(&a);
		spin_lock_init(mine);
		take_irq(mine);
		lockdep_reset_lock(mine);
	}
}

/* Each class's bit and each edge is told once, whoever is first. */
static void other_order(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; i < scaled(20000); i++)
		take_two(&b, &a);
}

static unsigned long told;

static void count_report(const struct pagesim_report *report, void *data)
{
	(void)data;
	if (report->kind == PAGESIM_REPORT_LOCKDEP)
		__atomic_fetch_add(&told, 1, __ATOMIC_RELAXED);
}

static void run_on_two_cpus(void (*fn)(void *))
{
	static int numbers[2] = { 0, 1 };
	struct pagesim_thread threads[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(pagesim_thread_create(&threads[i], NULL, fn,
						       &numbers[i]),
				 0);
	for (int i = 0; i < 2; i++)
		pagesim_thread_join(&threads[i]);
}

static void test_two_threads(void **state)
{
	FILE *nowhere = fopen("/dev/null", "w");

	(void)state;
	count = nr_started = told = 0;
	run_on_two_cpus(count_up);
	assert_int_equal(count, 2 * scaled(20000));
	pagesim_set_console(nowhere);
	pagesim_set_report_handler(count_report, NULL);
	run_on_two_cpus(other_order);
	pagesim_set_report_handler(NULL, NULL);
	pagesim_set_console(NULL);
	fclose(nowhere);
	assert_int_equal(told, 1);
	pagesim_reset_reports();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lockdep_test(test_on_then_in_softirq),
		lockdep_test(test_in_then_on_softirq),
		lockdep_test(test_all_with_softirqs_off),
		lockdep_test(test_callback_of_a_thread),
		lockdep_test(test_softirqs_enabled_under_a_lock),
		lockdep_test(test_softirqs_enabled_without_interrupts),
		lockdep_test(test_trylock_in_a_softirq),
		lockdep_test(test_trylock_with_softirqs_on),
		lockdep_test(test_on_then_in_hardirq),
		lockdep_test(test_in_then_on_hardirq),
		lockdep_test(test_all_with_interrupts_off),
		lockdep_test(test_interrupt_has_its_own_locks),
		lockdep_test(test_interrupts_enabled_under_a_lock),
		lockdep_test(test_downgrade),
		lockdep_test(test_reset),
		lockdep_test(test_free_range),
		lockdep_test(test_novalidate),
		lockdep_test(test_zone_lock),
		lockdep_test(test_full_table),
		lockdep_test(test_too_deep),
		lockdep_test(test_assert_held),
		lockdep_test(test_suspicious_rcu),
		lockdep_test(test_off),
		lockdep_test(test_two_threads),
	};

	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		return 77; /* lockdep is not built in, or never on */
	return cmocka_run_group_tests_name("lockdep", tests, NULL, NULL);
}
