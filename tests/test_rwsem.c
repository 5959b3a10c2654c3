// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cpu_test(test_states),
		cpu_test(test_writers_are_alone),
		cpu_test(test_readers_are_together),
		cpu_test(test_a_writer_gets_its_turn),
		cpu_test(test_a_waiting_writer_keeps_readers_out),
	};

	return cmocka_run_group_tests_name("rwsem", tests, NULL, NULL);
}
