// SPDX-License-Identifier: MIT
// Floor: 5
#include <errno.h>
#include "test.h"
#include <pagesim/atomic.h>
#include <pagesim/cpu.h>
#include <pagesim/rcupdate.h>
#include <pagesim/slab.h>
#include <pagesim/spinlock.h>
#include "cpu.h"
#include "rcu_heads.h"
#include "threads.h"

#define NR_CPUS 6

static int boot_mode(enum pagesim_rcu_mode mode, bool lifo, bool worker)
{
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.nr_pages = 64;
	config.nr_cpus = NR_CPUS;
	config.rcu_mode = mode;
	config.rcu_lifo = lifo;
	config.rcu_worker = worker;
	return pagesim_boot(&config);
}

static int boot_softirq(void **state)
{
	(void)state;
	return boot_mode(PAGESIM_RCU_SOFTIRQ, false, false);
}

#define rcu_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_softirq, shutdown_machine)

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

	if (kind == BH_OFF) {
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
	for (unsigned long i = 0; i < scaled(80); i++) {
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

static bool queued, over;

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

static bool flag;

static void set_flag(struct rcu_head *head)
{
	(void)head;
	smp_store_release(&flag, true);
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
	snprintf(where, sizeof(where), "test_rcu.c:%d", line);
	assert_non_null(strstr(expected.rule, address));
	assert_non_null(strstr(expected.rule, where));
	rcu_barrier();
	assert_int_equal(nr_ran, 1);
	call_rcu(&items[0].rcu, note_run); /* free again */
	rcu_barrier();
	assert_int_equal(nr_ran, 2);
}

/* The set that finds it, through growth, clashes and holes. */
static void test_set_of_heads(void **state)
{
	enum {
		NR = 1000
	};
	static struct rcu_head heads[NR];

	(void)state;
	for (int i = 0; i < NR; i++)
		assert_null(rcu_heads_add(&heads[i], "a", i));
	for (int i = 0; i < NR; i += 3)
		rcu_heads_del(&heads[i]);
	rcu_heads_del(&heads[0]);
	for (int i = 0; i < NR; i++) {
		const struct queued_head *there =
			rcu_heads_add(&heads[i], "b", i);

		assert_int_equal(there != NULL, i % 3 != 0);
		if (there)
			assert_int_equal(there->line, i);
	}
	rcu_heads_clear();
	assert_null(rcu_heads_add(&heads[0], "c", 0));
	rcu_heads_clear();
}

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
	local_bh_disable();
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "bottom halves off",
		      synchronize_rcu());
	local_bh_enable();
	local_irq_disable();
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "interrupts off",
		      synchronize_rcu());
	local_irq_enable();
}

static char last_rule[256];

static void note_report(const struct pagesim_report *report, void *data)
{
	(void)data;
	snprintf(last_rule, sizeof(last_rule), "%s", report->rule);
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

static void test_other_misuse(void **state)
{
	struct expected_report expected;

	(void)state;
	expect_report(&expected, PAGESIM_REPORT_BUG_ON,
		      "rcu_read_unlock() without", rcu_read_unlock());
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "without a function",
		      call_rcu(&items[0].rcu, NULL));
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
		rcu_test(test_nesting),
		rcu_test(test_synchronize_waits_for_a_reader),
		rcu_test(test_a_grace_period_that_began_before),
		rcu_test(test_stretches_hold_up_grace_periods),
		rcu_test(test_interrupt_from_another_cpu_holds_up),
		cmocka_unit_test(test_publish_and_free),
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
		cmocka_unit_test(test_set_of_heads),
		rcu_test(test_waiting_where_one_may_not),
		cmocka_unit_test(test_callbacks_that_sleep),
		rcu_test(test_other_misuse),
		rcu_test(test_right_sections),
		rcu_test(test_suspicious_usage),
		rcu_test(test_threads_come_and_go),
		cmocka_unit_test(test_everybody_at_once),
		cmocka_unit_test(test_shutdown_drains),
		cmocka_unit_test(test_shutdown_after_longjmp),
		cmocka_unit_test(test_1000_boots),
		rcu_test(test_time_of_a_drain),
	};

	return cmocka_run_group_tests_name("rcu", tests, NULL, NULL);
}
