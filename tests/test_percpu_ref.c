// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
#include <errno.h>
#include <pagesim/completion.h>
#include <pagesim/inject.h>
#include <pagesim/percpu-refcount.h>

static struct percpu_ref ref;
static unsigned long released, confirmed, live_after_confirm;

static void on_release(struct percpu_ref *r)
{
	assert_ptr_equal(r, &ref);
	__atomic_fetch_add(&released, 1, __ATOMIC_RELAXED);
}

static void on_confirm(struct percpu_ref *r)
{
	assert_ptr_equal(r, &ref);
	__atomic_fetch_add(&confirmed, 1, __ATOMIC_RELEASE);
}

static void init_ref(unsigned int flags)
{
	released = confirmed = live_after_confirm = 0;
	memset(&ref, 0, sizeof(ref));
	assert_int_equal(percpu_ref_init(&ref, on_release, flags, GFP_KERNEL),
			 0);
}

static bool is_percpu(void)
{
	unsigned long *counters;

	return __ref_is_percpu(&ref, &counters);
}

/* ---- one thread ---- */

static void test_starts_as_flags_say(void **state)
{
	(void)state;
	init_ref(0);
	assert_true(is_percpu());
	assert_false(percpu_ref_is_zero(&ref));
	assert_false(percpu_ref_is_dying(&ref));
	percpu_ref_exit(&ref);

	init_ref(PERCPU_REF_INIT_ATOMIC);
	assert_false(is_percpu());
	assert_false(percpu_ref_is_dying(&ref));
	assert_true(percpu_ref_tryget_live(&ref));
	percpu_ref_put(&ref);
	assert_int_equal(released, 0);
	percpu_ref_put(&ref);
	assert_int_equal(released, 1);
	assert_false(percpu_ref_tryget_live(&ref)); /* not dying, but at 0 */
	percpu_ref_exit(&ref);

	init_ref(PERCPU_REF_INIT_DEAD);
	assert_false(is_percpu());
	assert_true(percpu_ref_is_zero(&ref));
	assert_true(percpu_ref_is_dying(&ref));
	assert_false(percpu_ref_tryget(&ref));
	percpu_ref_reinit(&ref);
	assert_true(is_percpu()); /* INIT_DEAD alone does not force atomic */
	percpu_ref_exit(&ref);
}

/* Whichever of its allocations fails, nothing is left. */
static void test_no_memory(void **state)
{
	unsigned long n = 0;
	int err;

	(void)state;
	memset(&ref, 0, sizeof(ref));
	do {
		pagesim_inject_fail_nth(++n);
		err = percpu_ref_init(&ref, on_release, 0, GFP_KERNEL);
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_int_equal(ref.percpu_count_ptr, 0);
			percpu_ref_exit(&ref); /* of a zeroed one: nothing */
		}
	} while (pagesim_nr_injected());
	assert_int_equal(err, 0);
	assert_int_equal(n, 3);
	percpu_ref_exit(&ref);
}

/* Each step of a kill, with references outstanding. */
static void test_kill(void **state)
{
	(void)state;
	init_ref(PERCPU_REF_ALLOW_REINIT);
	percpu_ref_get_many(&ref, 3);
	assert_true(percpu_ref_tryget_live(&ref));
	assert_true(percpu_ref_tryget_many(&ref, 2));
	percpu_ref_put_many(&ref, 5);
	percpu_ref_put(&ref); /* in per-CPU mode nobody looks */

	percpu_ref_kill_and_confirm(&ref, on_confirm);
	assert_true(percpu_ref_is_dying(&ref));
	assert_false(is_percpu());
	assert_int_equal(confirmed, 0); /* no grace period yet */
	assert_false(percpu_ref_is_zero(&ref));
	percpu_ref_get(&ref);
	assert_true(percpu_ref_tryget(&ref));
	assert_false(percpu_ref_tryget_live(&ref));
	percpu_ref_put_many(&ref, 2);
	rcu_barrier();
	assert_int_equal(confirmed, 1);
	assert_int_equal(atomic_long_read(&ref.data->count), 3 + 1 + 2 - 6);
	assert_int_equal(released, 1);
	percpu_ref_exit(&ref);
}

static void test_release(void **state)
{
	(void)state;
	/* The last put after the switch */
	init_ref(PERCPU_REF_ALLOW_REINIT);
	percpu_ref_get(&ref);
	percpu_ref_kill_and_confirm(&ref, on_confirm);
	rcu_barrier();
	assert_int_equal(confirmed, 1);
	assert_int_equal(released, 0);
	assert_true(percpu_ref_tryget(&ref));
	percpu_ref_put(&ref);
	assert_int_equal(released, 0);
	percpu_ref_put(&ref);
	assert_int_equal(released, 1);
	assert_true(percpu_ref_is_zero(&ref));
	assert_false(percpu_ref_tryget(&ref));
	percpu_ref_exit(&ref);
	assert_true(percpu_ref_is_zero(&ref)); /* it still says so */

	/* before it: the callback's own put is the last. */
	init_ref(0);
	percpu_ref_get(&ref);
	percpu_ref_kill(&ref);
	percpu_ref_put(&ref);
	assert_int_equal(released, 0);
	rcu_barrier();
	assert_int_equal(released, 1);
	percpu_ref_exit(&ref);
}

static void test_is_zero_after_exit(void **state)
{
	(void)state;
	init_ref(PERCPU_REF_INIT_ATOMIC);
	percpu_ref_get(&ref);
	percpu_ref_exit(&ref);
	assert_false(percpu_ref_is_zero(&ref));
	assert_int_equal(ref.percpu_count_ptr >> __PERCPU_REF_FLAG_BITS, 2);
}

static void test_switch_modes(void **state)
{
	(void)state;
	init_ref(PERCPU_REF_ALLOW_REINIT);
	percpu_ref_get_many(&ref, 9);
	percpu_ref_switch_to_atomic(&ref, on_confirm);
	assert_int_equal(confirmed, 0);
	percpu_ref_switch_to_atomic(&ref, on_confirm); /* waits for the first */
	assert_int_equal(confirmed, 2);
	percpu_ref_switch_to_atomic_sync(&ref);
	assert_int_equal(atomic_long_read(&ref.data->count), 10);
	percpu_ref_switch_to_percpu(&ref);
	assert_true(is_percpu());
	percpu_ref_switch_to_percpu(&ref); /* is there already */
	percpu_ref_get(&ref);
	percpu_ref_switch_to_atomic_sync(&ref);
	assert_int_equal(atomic_long_read(&ref.data->count), 11);

	/* Forced to atomic, it stays so over kill and resurrect. */
	percpu_ref_kill_and_confirm(&ref, on_confirm);
	assert_int_equal(confirmed, 3); /* at once */
	percpu_ref_resurrect(&ref);
	assert_false(is_percpu());
	assert_int_equal(atomic_long_read(&ref.data->count), 11);

	/* Of a dying one the switch happens when it is revived. */
	percpu_ref_kill(&ref);
	percpu_ref_switch_to_percpu(&ref);
	assert_false(is_percpu());
	percpu_ref_put_many(&ref, 10);
	assert_int_equal(released, 1);
	percpu_ref_reinit(&ref);
	assert_true(is_percpu());
	assert_true(percpu_ref_tryget_live(&ref));
	percpu_ref_exit(&ref);
}

/* Without ALLOW_REINIT the switch leaves a dead one, as in v6.12. */
static void test_no_way_back(void **state)
{
	struct expected_report report;

	(void)state;
	init_ref(0);
	percpu_ref_switch_to_atomic_sync(&ref);
	assert_true(percpu_ref_is_dying(&ref));
	assert_false(percpu_ref_tryget_live(&ref));
	assert_true(percpu_ref_tryget(&ref));
	percpu_ref_exit(&ref);

	init_ref(0);
	percpu_ref_kill(&ref);
	rcu_barrier();
	expect_report(&report, PAGESIM_REPORT_BUG_ON, "NO_COUNTERS",
		      percpu_ref_resurrect(&ref));
	percpu_ref_exit(&ref);

	/* ALLOW_REINIT taken away before the callback: the counters remain. */
	init_ref(PERCPU_REF_INIT_ATOMIC);
	ref.data->allow_reinit = false;
	expect_report(&report, PAGESIM_REPORT_WARN, "NO_REINIT",
		      percpu_ref_switch_to_percpu(&ref));
	assert_false(is_percpu());
	percpu_ref_exit(&ref);
}

/* ---- misuse ---- */

static void test_misuse_warns(void **state)
{
	struct expected_report report;

	(void)state;
	init_ref(PERCPU_REF_ALLOW_REINIT);
	percpu_ref_get(&ref);
	expect_reports(&report, 2, PAGESIM_REPORT_WARN, "is_percpu",
		       percpu_ref_resurrect(&ref));
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN),
			 2); /* dying */
	percpu_ref_kill(&ref);
	expect_report(&report, PAGESIM_REPORT_WARN,
		      "percpu_ref_kill_and_confirm called more than once",
		      percpu_ref_kill(&ref));
	expect_report(&report, PAGESIM_REPORT_WARN, "percpu_ref_is_zero",
		      percpu_ref_reinit(&ref));
	percpu_ref_switch_to_atomic_sync(&ref);
	ref.data->confirm_switch = on_confirm; /* as if it went on */
	expect_report(&report, PAGESIM_REPORT_WARN, "is_switching",
		      percpu_ref_exit(&ref));
}

static void test_underflow_warns(void **state)
{
	struct expected_report report;

	(void)state;
	init_ref(PERCPU_REF_ALLOW_REINIT);
	percpu_ref_put_many(&ref, 5); /* more than there are */
	percpu_ref_kill(&ref);
	expect_report(&report, PAGESIM_REPORT_WARN, "<= 0 (-4) after switching",
		      rcu_barrier());
	assert_int_equal(released, 0);
	percpu_ref_exit(&ref);
}

static void wait_where_one_must_not(void)
{
	rcu_read_lock();
	percpu_ref_switch_to_percpu(&ref);
}

static void test_wait_in_section(void **state)
{
	struct expected_report report;

	(void)state;
	init_ref(PERCPU_REF_ALLOW_REINIT);
	percpu_ref_switch_to_atomic(&ref, NULL);
	expect_report(&report, PAGESIM_REPORT_BUG_ON,
		      "percpu_ref's switch was called in an RCU read section",
		      wait_where_one_must_not());
	rcu_read_unlock();
	rcu_barrier();
	percpu_ref_exit(&ref);
}

static void test_no_section(void **state)
{
	struct expected_report report;

	(void)state;
	init_ref(0);
	expect_report(&report, PAGESIM_REPORT_WARN, "rcu_read_lock_held",
		      percpu_ref_tryget_live_rcu(&ref));
	percpu_ref_exit(&ref);
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM)
		expect_report(&report, PAGESIM_REPORT_BUG_ON, "!ref->data",
			      percpu_ref_get(&ref));
	while (rcu_read_lock_held())
		rcu_read_unlock();
}

/* ---- several CPUs ---- */

static struct completion done;
static unsigned long nr_got[NR_WORKERS];
static unsigned long slot[NR_WORKERS], slots_at_release; /* plain */

static unsigned long sum(const unsigned long *of)
{
	unsigned long nr = 0;

	for (int i = 0; i < NR_WORKERS; i++)
		nr += of[i];
	return nr;
}

static void on_last(struct percpu_ref *r)
{
	on_release(r);
	slots_at_release = sum(slot);
	complete(&done);
}

static void init_shared(unsigned int flags)
{
	released = confirmed = live_after_confirm = 0;
	init_completion(&done);
	memset(nr_got, 0, sizeof(nr_got));
	memset(slot, 0, sizeof(slot));
	assert_int_equal(percpu_ref_init(&ref, on_last, flags, GFP_KERNEL), 0);
}

/* False when it was killed. */
static bool get_live(void)
{
	bool after = __atomic_load_n(&confirmed, __ATOMIC_ACQUIRE);

	if (!percpu_ref_tryget_live(&ref))
		return false;
	if (after)
		__atomic_fetch_add(&live_after_confirm, 1, __ATOMIC_RELAXED);
	return true;
}

/*
 * What one worker gets, the next one puts, so that no CPU's counter says
 * anything by itself.
 */
static void get_for_the_next(void *arg)
{
	long i = (long)arg;

	while (get_live()) {
		unsigned long mine;

		__atomic_fetch_add(&nr_got[(i + 1) % NR_WORKERS], 1,
				   __ATOMIC_RELEASE);
		mine = __atomic_exchange_n(&nr_got[i], 0, __ATOMIC_ACQUIRE);
		if (mine)
			percpu_ref_put_many(&ref, mine);
	}
}

/* A kill in the middle of gets and puts: released once, after all of them. */
static void test_kill_while_used(void **state)
{
	struct pagesim_thread threads[NR_WORKERS];

	(void)state;
	for (unsigned long n = 0; n < scaled(200); n++) {
		init_shared(0);
		start_workers(threads, NR_WORKERS, get_for_the_next);
		for (unsigned long spin = 0; spin < n % 100; spin++)
			cpu_relax();
		percpu_ref_kill_and_confirm(&ref, on_confirm);
		rcu_barrier();
		join_workers(threads, NR_WORKERS);
		assert_int_equal(confirmed, 1);
		assert_int_equal(live_after_confirm, 0);
		assert_int_equal(released, !sum(nr_got));
		if (sum(nr_got))
			percpu_ref_put_many(&ref, sum(nr_got));
		wait_for_completion(&done);
		assert_int_equal(released, 1);
		assert_true(percpu_ref_is_zero(&ref));
		percpu_ref_exit(&ref);
	}
}

static void use_and_put(void *arg)
{
	while (get_live()) {
		slot[(long)arg]++;
		percpu_ref_put(&ref);
	}
}

/* What was written before any put, the release sees. */
static void test_release_sees_all(void **state)
{
	struct pagesim_thread threads[NR_WORKERS];

	(void)state;
	for (unsigned long n = 0; n < scaled(200); n++) {
		init_shared(0);
		start_workers(threads, NR_WORKERS, use_and_put);
		for (unsigned long spin = 0; spin < n % 100; spin++)
			cpu_relax();
		percpu_ref_kill(&ref);
		rcu_barrier();
		wait_for_completion(&done);
		join_workers(threads, NR_WORKERS);
		assert_int_equal(slots_at_release, sum(slot));
		percpu_ref_exit(&ref);
	}
}

static bool stop;

static void get_until_stop(void *arg)
{
	while (!READ_ONCE(stop)) {
		percpu_ref_get_many(&ref, 2);
		percpu_ref_put(&ref);
		slot[(long)arg]++;
	}
}

/* No reference is lost or made by switching back and forth. */
static void test_switch_while_used(void **state)
{
	struct pagesim_thread threads[NR_WORKERS];

	(void)state;
	init_shared(PERCPU_REF_ALLOW_REINIT);
	WRITE_ONCE(stop, false);
	start_workers(threads, NR_WORKERS, get_until_stop);
	for (unsigned long n = 0; n < scaled(1000); n++) {
		percpu_ref_switch_to_atomic(&ref, on_confirm);
		percpu_ref_switch_to_percpu(&ref);
	}
	WRITE_ONCE(stop, true);
	join_workers(threads, NR_WORKERS);
	percpu_ref_switch_to_atomic_sync(&ref);
	assert_int_equal(confirmed, scaled(1000));
	assert_int_equal(atomic_long_read(&ref.data->count), 1 + sum(slot));
	percpu_ref_exit(&ref);
}

static int boot_with_worker(void **state)
{
	struct pagesim_config config;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = 4096;
	config.nr_cpus = NR_WORKERS + 1;
	config.rcu_mode = PAGESIM_RCU_KTHREAD_BH_OFF;
	config.rcu_worker = true;
	return pagesim_boot(&config);
}

/* The callback's look at the counters is over when the next switch begins. */
static void test_callback_on_other_cpu(void **state)
{
	(void)state;
	init_shared(PERCPU_REF_ALLOW_REINIT);
	for (unsigned long n = 0; n < scaled(100); n++) {
		percpu_ref_get(&ref);
		percpu_ref_switch_to_atomic(&ref, NULL);
		while (READ_ONCE(ref.data->confirm_switch))
			cpu_relax();
		percpu_ref_switch_to_percpu(&ref);
	}
	percpu_ref_switch_to_atomic_sync(&ref);
	assert_int_equal(atomic_long_read(&ref.data->count), 1 + scaled(100));
	rcu_barrier(); /* the callback's put */
	percpu_ref_exit(&ref);
}

static unsigned long nr_interrupts;

#define GETS_PER_INTERRUPT 50

static void count_and_get(void *info)
{
	__atomic_fetch_add(&nr_interrupts, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < GETS_PER_INTERRUPT; i++)
		percpu_ref_get(info);
}

/* An interrupt changes the counter of the CPU that it interrupts. */
static void test_interrupts(void **state)
{
	struct pagesim_thread threads[NR_WORKERS];

	(void)state;
	init_shared(PERCPU_REF_ALLOW_REINIT);
	nr_interrupts = 0;
	WRITE_ONCE(stop, false);
	start_workers(threads, NR_WORKERS, get_until_stop);
	for (unsigned long n = 0; n < scaled(3000); n++)
		smp_call_function(count_and_get, &ref, true);
	WRITE_ONCE(stop, true);
	join_workers(threads, NR_WORKERS);
	percpu_ref_switch_to_atomic_sync(&ref);
	assert_int_equal(atomic_long_read(&ref.data->count),
			 1 + sum(slot) + GETS_PER_INTERRUPT * nr_interrupts);
	percpu_ref_exit(&ref);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_starts_as_flags_say),
		machine_test(test_no_memory),
		machine_test(test_kill),
		machine_test(test_release),
		machine_test(test_is_zero_after_exit),
		machine_test(test_switch_modes),
		machine_test(test_no_way_back),
		machine_test(test_misuse_warns),
		machine_test(test_underflow_warns),
		machine_test(test_wait_in_section),
		machine_test(test_no_section),
		cpu_test(test_kill_while_used),
		cpu_test(test_release_sees_all),
		cpu_test(test_switch_while_used),
		cmocka_unit_test_setup_teardown(test_callback_on_other_cpu,
						boot_with_worker,
						shutdown_machine),
		cpu_test(test_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
