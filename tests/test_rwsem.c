// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
#include "lockdep_locks.h"
#include <pagesim/atomic.h>
#include <pagesim/rwsem.h>

static struct rw_semaphore sem;

static void test_states(void **state)
{
	struct expected_report expected;

	(void)state;
	init_rwsem(&sem);
	assert_false(rwsem_is_locked(&sem));
	down_read(&sem);
	assert_true(down_read_trylock(&sem));
	assert_false(down_write_trylock(&sem));
	up_read(&sem);
	assert_true(rwsem_is_locked(&sem));
	up_read(&sem);
	down_write(&sem);
	assert_false(down_write_trylock(&sem));
	assert_false(down_read_trylock(&sem));
	downgrade_write(&sem);
	assert_true(down_read_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
	assert_false(rwsem_is_locked(&sem));
	if (pagesim_built_debug() < PAGESIM_DEBUG_VM)
		return;
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "was", up_read(&sem));
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "was", up_write(&sem));
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "was",
		      downgrade_write(&sem));
	assert_false(rwsem_is_locked(&sem));
}

/* ---- a pair that only writers change: plain data ---- */

static unsigned long pair[2];
static unsigned long torn, readers, writes;

static void write_or_read(void *arg)
{
	for (unsigned long i = 0; i < scaled(5000); i++) {
		if ((i + (unsigned long)arg) % 4 == 0) {
			__atomic_fetch_add(&writes, 1, __ATOMIC_RELAXED);
			down_write(&sem);
			pair[0]++;
			if (i % 8 == 0) {
				pair[1]++;
				downgrade_write(&sem);
				if (pair[0] != pair[1])
					__atomic_fetch_add(&torn, 1,
							   __ATOMIC_RELAXED);
				up_read(&sem);
			} else {
				pair[1]++;
				up_write(&sem);
			}
			continue;
		}
		down_read(&sem);
		if (pair[0] != pair[1])
			__atomic_fetch_add(&torn, 1, __ATOMIC_RELAXED);
		up_read(&sem);
	}
}

static void test_writers_are_alone(void **state)
{
	(void)state;
	init_rwsem(&sem);
	pair[0] = pair[1] = torn = writes = 0;
	run_workers(NR_WORKERS, write_or_read);
	assert_int_equal(torn, 0);
	assert_int_equal(pair[0], writes);
	assert_int_equal(pair[1], writes);
	assert_false(rwsem_is_locked(&sem));
}

/* All are in at once, or none of them ever leaves. */
static void read_together(void *arg)
{
	(void)arg;
	down_read(&sem);
	__atomic_fetch_add(&readers, 1, __ATOMIC_RELAXED);
	while (READ_ONCE(readers) < NR_WORKERS)
		cpu_relax();
	up_read(&sem);
}

static void test_readers_are_together(void **state)
{
	(void)state;
	init_rwsem(&sem);
	readers = 0;
	run_workers(NR_WORKERS, read_together);
	assert_false(rwsem_is_locked(&sem));
}

/* Readers that come and go do not keep a writer out for ever. */
static bool written;

static void read_until_written(void *arg)
{
	if (!arg) {
		down_write(&sem);
		smp_store_release(&written, true);
		up_write(&sem);
		return;
	}
	/* Each goes in before the other is out, as far as it may. */
	while (!smp_load_acquire(&written)) {
		down_read(&sem);
		for (int i = 0; i < 1000 && !smp_load_acquire(&written); i++)
			barrier();
		up_read(&sem);
	}
}

static void test_a_writer_gets_its_turn(void **state)
{
	(void)state;
	for (unsigned long i = 0; i < scaled(50); i++) {
		init_rwsem(&sem);
		written = false;
		run_workers(NR_WORKERS, read_until_written);
	}
}

/* Once a writer waits, new readers wait, too. */
static void wait_as_writer(void *arg)
{
	(void)arg;
	down_write(&sem);
	up_write(&sem);
}

static void test_a_waiting_writer_keeps_readers_out(void **state)
{
	struct pagesim_thread thread;

	(void)state;
	init_rwsem(&sem);
	down_read(&sem);
	assert_int_equal(pagesim_thread_create(&thread, "writer",
					       wait_as_writer, NULL),
			 0);
	while (down_read_trylock(&sem))
		up_read(&sem); /* the writer is not there yet */
	up_read(&sem);
	pagesim_thread_join(&thread);
	assert_true(down_read_trylock(&sem));
	up_read(&sem);
}

/* ---- lockdep ---- */

static struct rw_semaphore r, s;

static int boot_semaphores(void **state)
{
	int err = boot_locks(state);

	init_rwsem(&r);
	init_rwsem(&s);
	return err;
}

#define lockdep_rwsem_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_semaphores, nothing_reported)

static void read_twice(struct rw_semaphore *one)
{
	down_read(one);
	down_read(one);
	up_read(one);
	up_read(one);
}

/* A writer that comes between the two waits for the one and stops the other. */
static void test_recursive_readers(void **state)
{
	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		skip();
	(void)state;
	down_read(&s);
	assert_true(down_read_trylock(&s)); /* gives up instead */
	up_read(&s);
	down_read_nested(&s, 1);
	up_read(&s);
	up_read(&s);
	expect("possible recursive locking detected: &r", read_twice(&r));
}

static void read_s_under_r(void)
{
	down_write(&r);
	down_read(&s);
	up_read(&s);
	up_write(&r);
}

static void read_r_under_s(void)
{
	down_read(&s);
	down_read(&r);
	up_read(&r);
	up_read(&s);
}

/* Readers on both sides: writers that wait make it a deadlock. */
static void test_order_of_readers(void **state)
{
	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		skip();
	(void)state;
	read_s_under_r();
	read_s_under_r();
	expect("possible circular locking dependency detected: &s -> &r",
	       read_r_under_s());
}

static void try_r_under_s(void)
{
	down_write(&s);
	assert_true(down_write_trylock(&r));
	lockdep_assert_held_write(&r);
	up_write(&r);
	assert_true(down_read_trylock(&r));
	lockdep_assert_held_read(&r);
	up_read(&r);
	up_write(&s);
}

static void test_trylocks(void **state)
{
	(void)state;
	read_s_under_r();
	try_r_under_s();
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 0);
}

static void init_in_one_place(struct rw_semaphore *sems, int nr)
{
	for (int i = 0; i < nr; i++)
		init_rwsem(&sems[i]);
}

static void test_two_of_a_class(void **state)
{
	struct rw_semaphore sems[3];

	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		skip();
	(void)state;
	init_in_one_place(sems, 3);
	down_write(&r);
	down_write(&sems[0]);
	down_write_nest_lock(&sems[1], &r);
	up_write(&sems[1]);
	up_write(&r);
	down_write_nested(&sems[1], 1);
	up_write(&sems[1]);
	expect("possible recursive locking detected: &sems[i]",
	       down_read(&sems[2]));
	up_read(&sems[2]);
	up_write(&sems[0]);
}

static void test_assertions(void **state)
{
	struct expected_report expected;

	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		skip();
	(void)state;
	lockdep_assert_none_held_once();
	assert_int_equal(down_write_killable(&r), 0);
	lockdep_assert_held(&r);
	lockdep_assert_held_write(&r);
	rwsem_assert_held_write(&r);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 0);
	expect_report(&expected, PAGESIM_REPORT_WARN, "lockdep_is_held_type",
		      lockdep_assert_held_read(&r));
	downgrade_write(&r);
	lockdep_assert_held_read(&r);
	rwsem_assert_held(&r);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 1);
	expect_report(&expected, PAGESIM_REPORT_WARN, "lockdep_is_held_type",
		      lockdep_assert_held_write(&r));
	expect_report(&expected, PAGESIM_REPORT_WARN, "",
		      lockdep_assert_none_held_once());
	up_read(&r);
	lockdep_assert_not_held(&r);
	/* Lockdep's, and the count's. */
	expect_reports(&expected, 2, PAGESIM_REPORT_WARN, "rwsem_is_locked",
		       rwsem_assert_held(&r));
	assert_int_equal(down_read_killable(&r), 0);
	up_read(&r);
}

static void test_static_semaphores(void **state)
{
	static DECLARE_RWSEM(x);
	static DECLARE_RWSEM(y);

	(void)state;
	down_write(&x);
	down_read(&y);
	assert_false(rwsem_is_contended(&x));
	up_read(&y);
	up_write(&x);
	assert_false(rwsem_is_locked(&x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cpu_test(test_states),
		cpu_test(test_writers_are_alone),
		cpu_test(test_readers_are_together),
		cpu_test(test_a_writer_gets_its_turn),
		cpu_test(test_a_waiting_writer_keeps_readers_out),
		lockdep_rwsem_test(test_recursive_readers),
		lockdep_rwsem_test(test_order_of_readers),
		lockdep_rwsem_test(test_trylocks),
		lockdep_rwsem_test(test_two_of_a_class),
		lockdep_rwsem_test(test_assertions),
		lockdep_rwsem_test(test_static_semaphores),
	};

	return cmocka_run_group_tests_name("rwsem", tests, NULL, NULL);
}
