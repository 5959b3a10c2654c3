// SPDX-License-Identifier: MIT
// Floor: 5
/* Readers, and who waits for them; callbacks are in test_rcu_callbacks.c. */
#include "test.h"
#include <pagesim/atomic.h>
#include <pagesim/cpu.h>
#include <pagesim/rcupdate.h>
#include <pagesim/spinlock.h>
#include "cpu.h"
#include "rcu_machines.h"
#include "threads.h"

/* ---- readers, and who waits for them ---- */

static void test_nesting(void **state)
{
	(void)state;
	assert_false(rcu_read_lock_held());
	rcu_read_lock();
	rcu_read_lock();
	rcu_read_unlock();
	assert_true(rcu_read_lock_held());
	rcu_read_unlock();
	assert_false(rcu_read_lock_held());
	rcu_read_lock_bh();
	assert_true(!rcu_read_lock_held() && rcu_read_lock_bh_held());
	rcu_read_unlock_bh();
	assert_false(rcu_read_lock_held() || rcu_read_lock_bh_held());
}

struct reader {
	bool reading, may_leave;
	struct pagesim_thread thread;
};

struct waiter {
	bool waited;
	struct pagesim_thread thread;
};

static void read_until_told(void *arg)
{
	struct reader *reader = arg;

	rcu_read_lock();
	smp_store_release(&reader->reading, true);
	while (!smp_load_acquire(&reader->may_leave))
		platform_relax();
	rcu_read_unlock();
}

static void start_reader(struct reader *reader)
{
	reader->reading = reader->may_leave = false;
	assert_int_equal(pagesim_thread_create(&reader->thread, "reader",
					       read_until_told, reader),
			 0);
	while (!smp_load_acquire(&reader->reading))
		platform_relax();
}

static void end_reader(struct reader *reader)
{
	smp_store_release(&reader->may_leave, true);
	pagesim_thread_join(&reader->thread);
}

static void wait_for_readers(void *arg)
{
	synchronize_rcu();
	smp_store_release((bool *)arg, true);
}

static void sleep_ms(unsigned int ms)
{
	uint64_t end = platform_time_ns() + ms * 1000000ull;

	while (platform_time_ns() < end)
		platform_relax();
}

/* Leaves it time to begin, since it is to be seen waiting. */
static void start_waiter(struct waiter *waiter)
{
	waiter->waited = false;
	assert_int_equal(pagesim_thread_create(&waiter->thread, "waiter",
					       wait_for_readers,
					       &waiter->waited),
			 0);
	sleep_ms(20);
}

static void test_synchronize_waits_for_a_reader(void **state)
{
	struct reader reader;
	struct waiter waiter;

	(void)state;
	start_reader(&reader);
	start_waiter(&waiter);
	assert_false(smp_load_acquire(&waiter.waited));
	end_reader(&reader);
	pagesim_thread_join(&waiter.thread);
	assert_true(waiter.waited);
}

/* The second waiter may not share the first one's: a reader came between. */
static void test_a_grace_period_that_began_before(void **state)
{
	struct reader readers[2];
	struct waiter waiters[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		start_reader(&readers[i]);
		start_waiter(&waiters[i]);
	}
	end_reader(&readers[0]);
	pagesim_thread_join(&waiters[0].thread);
	sleep_ms(20);
	assert_false(smp_load_acquire(&waiters[1].waited));
	end_reader(&readers[1]);
	pagesim_thread_join(&waiters[1].thread);
}

/*
 * ---- stretches without softirqs or interrupts ----
 *
 * The reader looks in its stretch whether an updater that began after it is
 * through already. It gives it time, on which nothing depends but how surely
 * a grace period is caught that does not wait.
 */

static bool stretch_began, updater_began, updater_is_through;
static unsigned long too_early;

static void be_in_a_stretch(void *arg)
{
	if (arg && smp_processor_id() != *(unsigned int *)arg)
		return;
	smp_store_release(&stretch_began, true);
	while (!smp_load_acquire(&updater_began))
		platform_relax();
	for (int i = 0; i < 5000; i++)
		platform_relax();
	too_early += smp_load_acquire(&updater_is_through);
}

static void softirq_stretch(void)
{
	be_in_a_stretch(NULL);
}

/* Ends in another order than it began, and never both at once. */
static void crosswise(void)
{
	unsigned long flags;

	local_irq_save(flags);
	local_bh_disable();
	local_irq_restore(flags);
	local_irq_save(flags);
	local_irq_restore(flags);
	be_in_a_stretch(NULL);
	local_bh_enable();
}

enum stretch {
	PREEMPT_OFF,
	BH_OFF,
	IRQS_OFF,
	SPIN_LOCK_IRQSAVE,
	READ_LOCK_BH,
	CROSSWISE,
	IN_SOFTIRQ,
	AS_SOFTIRQ,
	IN_HARDIRQ,
	NR_STRETCHES,
};

static void stretch(enum stretch kind)
{
	static DEFINE_SPINLOCK(lock);
	unsigned int me = smp_processor_id();
	unsigned long flags;

	if (kind == PREEMPT_OFF) {
		preempt_disable();
		preempt_disable();
		preempt_enable();
		be_in_a_stretch(NULL);
		preempt_enable();
	} else if (kind == BH_OFF) {
		local_bh_disable();
		be_in_a_stretch(NULL);
		local_bh_enable();
	} else if (kind == IRQS_OFF) {
		local_irq_disable();
		be_in_a_stretch(NULL);
		local_irq_enable();
	} else if (kind == SPIN_LOCK_IRQSAVE) {
		spin_lock_irqsave(&lock, flags);
		be_in_a_stretch(NULL);
		spin_unlock_irqrestore(&lock, flags);
	} else if (kind == READ_LOCK_BH) {
		rcu_read_lock_bh();
		be_in_a_stretch(NULL);
		rcu_read_unlock_bh();
	} else if (kind == CROSSWISE) {
		crosswise();
	} else if (kind == IN_SOFTIRQ) {
		raise_softirq(RCU_SOFTIRQ);
		pagesim_softirq_point();
	} else if (kind == AS_SOFTIRQ) {
		cpu_run_as_softirq(softirq_stretch);
	} else {
		on_each_cpu(be_in_a_stretch, &me, true);
	}
}

static void update(void *arg)
{
	(void)arg;
	while (!smp_load_acquire(&stretch_began))
		platform_relax();
	smp_store_release(&updater_began, true);
	synchronize_rcu();
	smp_store_release(&updater_is_through, true);
}

static void test_stretches_hold_up_grace_periods(void **state)
{
	(void)state;
	open_softirq(RCU_SOFTIRQ, softirq_stretch);
	for (unsigned long i = 0; i < scaled(90); i++) {
		enum stretch kind = (enum stretch)(i % NR_STRETCHES);
		struct pagesim_thread thread;

		stretch_began = updater_began = updater_is_through = false;
		too_early = 0;
		assert_int_equal(pagesim_thread_create(&thread, "updater",
						       update, NULL),
				 0);
		stretch(kind);
		pagesim_thread_join(&thread);
		assert_true(stretch_began);
		if (too_early)
			fail_msg("stretch %d held nothing up", kind);
	}
}

/* A handler that another CPU's thread runs, on whose CPU nobody is in. */
static void interrupt_them(void *arg)
{
	unsigned int target = *(unsigned int *)arg;

	smp_call_function(be_in_a_stretch, &target, true);
}

static void test_interrupt_from_another_cpu_holds_up(void **state)
{
	unsigned int me = smp_processor_id();

	(void)state;
	for (unsigned long i = 0; i < scaled(10); i++) {
		struct pagesim_thread threads[2];

		stretch_began = updater_began = updater_is_through = false;
		too_early = 0;
		pagesim_thread_create(&threads[0], "updater", update, NULL);
		pagesim_thread_create(&threads[1], "sender", interrupt_them,
				      &me);
		pagesim_thread_join(&threads[0]);
		pagesim_thread_join(&threads[1]);
		assert_int_equal(too_early, 0);
	}
}

/* What a thread left open does not outlive it, nor hold anybody up. */
static void leave_in_a_stretch(void *arg)
{
	(void)arg;
	local_irq_disable();
	local_bh_disable();
}

/* ---- publish, unlink, free: plain data, ThreadSanitizer judges ---- */

#define NR_READERS 2

struct node {
	struct rcu_head rcu;
	unsigned long a, b; /* equal while anybody can read them */
};

static struct node *shared;
static bool stop;
static unsigned long torn, nr_freed;

static void read_nodes(void *arg)
{
	(void)arg;
	while (!smp_load_acquire(&stop)) {
		const struct node *node;

		rcu_read_lock();
		node = rcu_dereference(shared);
		if (node && node->a != node->b)
			__atomic_fetch_add(&torn, 1, __ATOMIC_RELAXED);
		rcu_read_unlock();
	}
}

static void free_node(struct rcu_head *head)
{
	struct node *node = container_of(head, struct node, rcu);

	node->a = ~node->b;
	free(node);
	__atomic_fetch_add(&nr_freed, 1, __ATOMIC_RELAXED);
}

static void replace_node(unsigned long round)
{
	struct node *old = rcu_dereference_protected(shared, true);
	struct node *node = malloc(sizeof(*node));

	assert_non_null(node);
	node->a = node->b = round;
	rcu_assign_pointer(shared, node);
	if (!old)
		return;
	if (round % 3 == 0) {
		synchronize_rcu();
		free_node(&old->rcu);
	} else {
		call_rcu(&old->rcu, free_node);
	}
	if (round % 16 == 0)
		rcu_barrier();
}

static void publish_and_free(enum pagesim_rcu_mode mode, bool worker)
{
	struct pagesim_thread readers[NR_READERS];
	unsigned long rounds = scaled(2000);

	assert_int_equal(boot_mode(mode, false, worker), 0);
	stop = false;
	torn = nr_freed = 0;
	shared = NULL;
	for (int i = 0; i < NR_READERS; i++)
		assert_int_equal(pagesim_thread_create(&readers[i], "reader",
						       read_nodes, NULL),
				 0);
	for (unsigned long round = 0; round <= rounds; round++)
		replace_node(round);
	rcu_barrier();
	/* Readers live on until here, or their end would order it all. */
	assert_int_equal(READ_ONCE(nr_freed), rounds);
	smp_store_release(&stop, true);
	for (int i = 0; i < NR_READERS; i++)
		pagesim_thread_join(&readers[i]);
	assert_int_equal(torn, 0);
	free(shared);
	assert_int_equal(pagesim_shutdown(), 0);
}

static void test_publish_and_free(void **state)
{
	(void)state;
	for (int mode = 0; mode < PAGESIM_RCU_NR_MODES; mode++) {
		publish_and_free((enum pagesim_rcu_mode)mode, false);
		publish_and_free((enum pagesim_rcu_mode)mode, true);
	}
}

/* ---- misuse ---- */

static void wait_here(void)
{
	synchronize_rcu();
}

static void test_waiting_where_one_may_not(void **state)
{
	struct expected_report expected;

	(void)state;
	rcu_read_lock();
	if (pagesim_built_debug() == PAGESIM_DEBUG_FULL)
		expect_report(
			&expected, PAGESIM_REPORT_LOCKDEP,
			"Illegal synchronize_rcu() in RCU read-side critical section",
			wait_here());
	/* Said once for the place, and never done. */
	expect_report(&expected, PAGESIM_REPORT_BUG_ON,
		      "synchronize_rcu() was called in an RCU read section",
		      wait_here());
	expect_report(&expected, PAGESIM_REPORT_BUG_ON,
		      "rcu_barrier() was called in an RCU read section",
		      rcu_barrier());
	rcu_read_unlock();
	preempt_disable();
	expect_report(&expected, PAGESIM_REPORT_BUG_ON,
		      "synchronize_rcu() was called with preemption off",
		      wait_here());
	preempt_enable();
	local_bh_disable();
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "bottom halves off",
		      synchronize_rcu());
	local_bh_enable();
	local_irq_disable();
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "interrupts off",
		      synchronize_rcu());
	local_irq_enable();
}

static void test_other_misuse(void **state)
{
	struct expected_report expected;
	struct rcu_head head;

	(void)state;
	expect_report(&expected, PAGESIM_REPORT_BUG_ON,
		      "rcu_read_unlock() without", rcu_read_unlock());
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "without a function",
		      call_rcu(&head, NULL));
	rcu_read_lock();
	expect_report(&expected, PAGESIM_REPORT_WARN, "rcu_nesting",
		      pagesim_thread_exit());
	assert_false(rcu_read_lock_held());
	synchronize_rcu(); /* its section is over */
}

/* ---- lockdep ---- */

static void *pointer;

static void read_here(void)
{
	(void)rcu_dereference(pointer);
}

/* Each in the right section, and by who keeps writers out. */
static void test_right_sections(void **state)
{
	DEFINE_SPINLOCK(lock);
	int new;

	(void)state;
	rcu_read_lock();
	read_here();
	(void)rcu_dereference_check(pointer, false);
	lockdep_assert_in_rcu_read_lock();
	rcu_read_unlock();
	rcu_read_lock_bh();
	(void)rcu_dereference_bh(pointer);
	(void)rcu_dereference_bh_check(pointer, false);
	rcu_read_unlock_bh();
	spin_lock(&lock);
	RCU_INIT_POINTER(pointer, NULL);
	assert_null(rcu_dereference_check(pointer, lockdep_is_held(&lock)));
	assert_null(rcu_replace_pointer(pointer, (void *)&new,
					lockdep_is_held(&lock)));
	assert_ptr_equal(rcu_dereference_protected(pointer,
						   lockdep_is_held(&lock)),
			 &new);
	spin_unlock(&lock);
	assert_ptr_equal(rcu_access_pointer(pointer), &new);
	rcu_sleep_check();
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_LOCKDEP), 0);
}

#define SUSPICIOUS "WARNING: suspicious RCU usage: "

static void test_suspicious_usage(void **state)
{
	struct expected_report expected;
	DEFINE_SPINLOCK(lock);

	(void)state;
	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		skip();
	spin_lock(&lock);
	expect_report(&expected, PAGESIM_REPORT_LOCKDEP,
		      SUSPICIOUS "suspicious rcu_dereference_check() usage",
		      read_here());
	spin_unlock(&lock);
	read_here(); /* said once for the place */
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_LOCKDEP), 1);
	assert_non_null(
		strstr(expected.console, "WARNING: suspicious RCU usage\n"));
	assert_non_null(strstr(expected.console, "test_rcu.c:"));
	assert_non_null(strstr(expected.console, " usage!\n"));
	assert_non_null(strstr(expected.console,
			       "other info that might help us debug this:"));
	assert_non_null(strstr(expected.console, "1 lock held by main/0"));

	/* Softirqs off are no section of rcu_read_lock(), nor the reverse. */
	rcu_read_lock_bh();
	expect_report(&expected, PAGESIM_REPORT_LOCKDEP,
		      "suspicious rcu_dereference_check() usage",
		      (void)rcu_dereference(pointer));
	expect_report(&expected, PAGESIM_REPORT_WARN, "rcu_read_lock_held",
		      lockdep_assert_in_rcu_read_lock());
	rcu_read_unlock_bh();
	rcu_read_lock();
	expect_report(&expected, PAGESIM_REPORT_LOCKDEP,
		      "suspicious rcu_dereference_check() usage",
		      (void)rcu_dereference_bh(pointer));
	assert_non_null(strstr(expected.console, "rcu_read_lock(), 1 deep"));
	expect_report(&expected, PAGESIM_REPORT_LOCKDEP,
		      "suspicious rcu_dereference_protected() usage",
		      (void)rcu_dereference_protected(pointer,
						      lockdep_is_held(&lock)));
	expect_report(
		&expected, PAGESIM_REPORT_LOCKDEP,
		"Illegal context switch in RCU read-side critical section",
		rcu_sleep_check());
	rcu_read_unlock();
}

/* ---- threads that come and go ---- */

static void read_once(void *arg)
{
	(void)arg;
	rcu_read_lock();
	rcu_read_unlock();
}

static void nothing(void *arg)
{
	(void)arg;
}

static void read_and_vanish(void *arg)
{
	pagesim_set_report_handler(note_report, NULL);
	read_once(arg);
	rcu_read_lock(); /* and no unlock */
}

static void queue_one(void *arg)
{
	call_rcu((struct rcu_head *)arg, set_flag);
}

/* Neither kind calls pagesim_thread_exit(): ten of them need two CPUs. */
static void test_threads_come_and_go(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		struct rcu_head heads[2];

		run_two(read_once, NULL, queue_one, &heads[0]);
		run_two(queue_one, &heads[1], read_once, NULL);
		rcu_barrier();
	}
	run_two(read_and_vanish, NULL, read_once, NULL);
	pagesim_set_report_handler(NULL, NULL);
	assert_non_null(strstr(last_rule, "rcu_nesting"));
	synchronize_rcu(); /* or this test never ends */
	pagesim_set_report_handler(note_report, NULL);
	run_two(leave_in_a_stretch, NULL, leave_in_a_stretch, NULL);
	pagesim_set_report_handler(NULL, NULL);
	assert_non_null(strstr(last_rule, "irqs_off"));
	run_two(read_once, NULL, read_once, NULL); /* on the same CPUs */
	synchronize_rcu();
	smp_call_function(nothing, NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rcu_test(test_nesting),
		rcu_test(test_synchronize_waits_for_a_reader),
		rcu_test(test_a_grace_period_that_began_before),
		rcu_test(test_stretches_hold_up_grace_periods),
		rcu_test(test_interrupt_from_another_cpu_holds_up),
		cmocka_unit_test(test_publish_and_free),
		rcu_test(test_waiting_where_one_may_not),
		rcu_test(test_other_misuse),
		rcu_test(test_right_sections),
		rcu_test(test_suspicious_usage),
		rcu_test(test_threads_come_and_go),
	};

	return cmocka_run_group_tests_name("rcu", tests, NULL, NULL);
}
