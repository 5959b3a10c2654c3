// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
#include <pagesim/cpu.h>
#include <pagesim/folio_lock.h>
#include <pagesim/page_alloc.h>

/* With what is static in it: some steps cannot be had from outside. */
#include "../src/folio_lock.c"

static struct folio *folio;

static void test_states(void **state)
{
	struct expected_report expected;

	(void)state;
	folio = folio_alloc(GFP_KERNEL, 2);
	assert_true(folio_trylock(folio));
	assert_false(folio_trylock(folio));
	assert_false(trylock_page(folio_page(folio, 3)));
	unlock_page(folio_page(folio, 3));
	lock_page(folio_page(folio, 1));
	assert_true(folio_test_locked(folio));
	folio_end_read(folio, false);
	assert_false(folio_test_locked(folio) || folio_test_uptodate(folio));
	folio_lock(folio);
	folio_end_read(folio, true);
	assert_true(folio_test_uptodate(folio));
	folio_wait_locked(folio);
	folio_wait_writeback(folio);
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM) {
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "!folio_test_locked(folio)", folio_unlock(folio));
		folio_lock(folio);
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "folio_test_uptodate(folio)",
			      folio_end_read(folio, true));
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "!folio_test_writeback(folio)",
			      folio_end_writeback(folio));
		folio_unlock(folio);
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "!folio_test_locked(folio)",
			      folio_start_writeback(folio));
	}
	folio_put(folio);
}

/* ---- mutual exclusion, and nobody sleeps for ever ---- */

static unsigned long counter; /* plain: only the lock makes it safe */

static void count_up(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; i < scaled(5000); i++) {
		folio_lock(folio);
		counter++;
		folio_unlock(folio);
	}
}

static void test_mutual_exclusion(void **state)
{
	(void)state;
	folio = folio_alloc(GFP_KERNEL, 1);
	counter = 0;
	run_workers(NR_WORKERS, count_up);
	assert_int_equal(counter, NR_WORKERS * scaled(5000));
	assert_false(folio_test_locked(folio));
	folio_put(folio);
}

/* Nobody waits for it: the last unlock has nothing to do. */
static void test_waiters_flag_goes(void **state)
{
	(void)state;
	folio = folio_alloc(GFP_KERNEL, 0);
	run_workers(NR_WORKERS, count_up);
	folio_lock(folio);
	folio_unlock(folio);
	assert_false(folio_test_waiters(folio));
	folio_put(folio);
}

/* ---- handoff: who lost the lock five times is given it ---- */

/*
 * A host's scheduler does not let a waiter lose when a test wants it to, so
 * the steps are taken one by one: queued by this thread, woken by it.
 */
static void queue_myself(struct waiter *waiter, unsigned int round)
{
	waiter->folio = folio;
	waiter->bit_nr = PG_locked;
	init_wait(&waiter->wait);
	waiter->wait.func = wake_page_function;
	waiter->wait.flags = flags_of_round(EXCLUSIVE, round);
	queue_waiter(folio_waitqueue(folio), waiter);
	assert_false(waiter->wait.flags & WQ_FLAG_WOKEN);
	assert_true(folio_test_waiters(folio));
}

static void test_handoff(void **state)
{
	struct waiter waiter;

	(void)state;
	folio = folio_alloc(GFP_KERNEL, 0);
	folio_lock(folio);
	for (unsigned int round = 0; round < 5; round++) {
		queue_myself(&waiter, round);
		folio_unlock(folio);
		/* Woken, and the lock is there for whoever comes. */
		assert_int_equal(waiter.wait.flags,
				 WQ_FLAG_EXCLUSIVE | WQ_FLAG_WOKEN);
		assert_true(folio_trylock(folio));
	}
	queue_myself(&waiter, 5);
	folio_unlock(folio);
	/* Woken, and the lock was never free. */
	assert_int_equal(waiter.wait.flags, WQ_FLAG_EXCLUSIVE | WQ_FLAG_CUSTOM |
						    WQ_FLAG_WOKEN |
						    WQ_FLAG_DONE);
	assert_true(folio_test_locked(folio));
	assert_false(folio_test_waiters(folio));
	folio_unlock(folio);
	folio_put(folio);
}

/* The lock is taken again by the time of the wake-up: nobody is woken. */
static void test_no_wake_up_for_nothing(void **state)
{
	struct waiter waiter;

	(void)state;
	folio = folio_alloc(GFP_KERNEL, 0);
	folio_lock(folio);
	queue_myself(&waiter, 0);
	assert_true(folio_xor_flags_has_waiters(folio, BIT(PG_locked)));
	assert_true(folio_trylock(folio));
	folio_wake_bit(folio, PG_locked);
	assert_int_equal(waiter.wait.flags, WQ_FLAG_EXCLUSIVE);
	assert_true(folio_test_waiters(folio));
	folio_unlock(folio);
	assert_true(waiter.wait.flags & WQ_FLAG_WOKEN);
	folio_put(folio);
}

/* An unlock is for one: the next sleeps on until that one unlocks. */
static void test_one_is_woken(void **state)
{
	struct waiter first, second;

	(void)state;
	folio = folio_alloc(GFP_KERNEL, 0);
	folio_lock(folio);
	queue_myself(&first, 0);
	queue_myself(&second, 0);
	folio_unlock(folio);
	assert_true(first.wait.flags & WQ_FLAG_WOKEN);
	assert_false(second.wait.flags & WQ_FLAG_WOKEN);
	assert_true(folio_test_waiters(folio));
	assert_true(folio_trylock(folio));
	folio_unlock(folio);
	assert_true(second.wait.flags & WQ_FLAG_WOKEN);
	assert_false(folio_test_waiters(folio));
	folio_put(folio);
}

/* A folio nobody waits for, on the queue of one that somebody waits for. */
static void test_waiters_of_a_neighbour(void **state)
{
	struct folio *folios[600], *other = NULL;
	struct waiter waiter;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(folios); i++)
		folios[i] = folio_alloc(GFP_KERNEL, 0);
	folio = folios[0];
	for (size_t i = 1; i < ARRAY_SIZE(folios); i++)
		if (folio_waitqueue(folios[i]) == folio_waitqueue(folio))
			other = folios[i];
	assert_non_null(other);
	folio_lock(folio);
	queue_myself(&waiter, 0);
	folio_lock(other);
	folio_set_waiters(other);
	folio_unlock(other);
	assert_false(folio_test_waiters(other));
	assert_true(folio_test_waiters(folio));
	assert_false(waiter.wait.flags & WQ_FLAG_WOKEN);
	folio_unlock(folio);
	assert_true(waiter.wait.flags & WQ_FLAG_WOKEN);
	for (size_t i = 0; i < ARRAY_SIZE(folios); i++)
		folio_put(folios[i]);
}

/* Waits for another bit: not woken, but not forgotten either. */
static void test_another_bit(void **state)
{
	struct waiter waiter;

	(void)state;
	folio = folio_alloc(GFP_KERNEL, 0);
	folio_lock(folio);
	folio_start_writeback(folio);
	queue_myself(&waiter, 0);
	folio_end_writeback(folio);
	assert_false(waiter.wait.flags & WQ_FLAG_WOKEN);
	assert_true(folio_test_waiters(folio));
	folio_unlock(folio);
	assert_true(waiter.wait.flags & WQ_FLAG_WOKEN);
	folio_put(folio);
}

/* ---- shared waiters ---- */

static unsigned long contents, woken;

static void wait_until_read(void *arg)
{
	if (arg) {
		folio_wait_locked(folio);
		assert_true(folio_test_uptodate(folio));
		__atomic_fetch_add(&woken, contents == 42, __ATOMIC_RELAXED);
		return;
	}
	/* Until the others sleep, or may do so. */
	for (int i = 0; i < 1000 && !folio_test_waiters(folio); i++)
		pagesim_softirq_point();
	contents = 42;
	folio_end_read(folio, true);
}

static void test_read(void **state)
{
	(void)state;
	for (unsigned long i = 0; i < scaled(300); i++) {
		folio = folio_alloc(GFP_KERNEL, 0);
		folio_lock(folio);
		contents = woken = 0;
		run_workers(NR_WORKERS, wait_until_read);
		assert_int_equal(woken, NR_WORKERS - 1);
		folio_put(folio);
	}
}

/* ---- writeback ---- */

static bool over;

static void write_back(void *arg)
{
	if (arg) {
		while (!smp_load_acquire(&over))
			folio_wait_writeback(folio);
		return;
	}
	for (unsigned long i = 0; i < scaled(3000); i++) {
		folio_lock(folio);
		folio_set_reclaim(folio);
		folio_start_writeback(folio);
		folio_unlock(folio);
		folio_end_writeback(folio);
		assert_false(folio_test_reclaim(folio));
	}
	smp_store_release(&over, true);
}

static void test_writeback(void **state)
{
	(void)state;
	folio = folio_alloc(GFP_KERNEL, 0);
	over = false;
	run_workers(NR_WORKERS, write_back);
	assert_false(folio_test_writeback(folio));
	assert_int_equal(folio_ref_count(folio), 1);
	folio_put(folio);
}

/*
 * What happens inside of a wake-up: func is called for this entry, before
 * those that are queued after it.
 */
static void queue_first(wait_queue_entry_t *entry, wait_queue_func_t func)
{
	wait_queue_head_t *q = folio_waitqueue(folio);
	unsigned long flags;

	init_wait(entry);
	entry->func = func;
	spin_lock_irqsave(&q->lock, flags);
	folio_set_waiters(folio);
	__add_wait_queue_entry_tail(q, entry);
	spin_unlock_irqrestore(&q->lock, flags);
}

static unsigned int nr_queued(void)
{
	wait_queue_head_t *q = folio_waitqueue(folio);
	unsigned int nr = 0;
	struct list_head *pos;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	for (pos = q->head.next; pos != &q->head; pos = pos->next)
		nr++;
	spin_unlock_irqrestore(&q->lock, flags);
	return nr;
}

static int left;

static int drop_the_last(wait_queue_entry_t *entry, unsigned int mode, int sync,
			 void *key)
{
	(void)mode;
	(void)sync;
	(void)key;
	list_del_init_careful(&entry->entry);
	folio_put(folio);
	left = folio_ref_count(folio);
	return 0;
}

/* Who waited may free the folio, while the waker is not through with it. */
static void test_freed_when_written_back(void **state)
{
	wait_queue_entry_t entry;

	(void)state;
	folio = folio_alloc(GFP_KERNEL, 0);
	folio_lock(folio);
	folio_start_writeback(folio);
	folio_unlock(folio);
	queue_first(&entry, drop_the_last);
	folio_end_writeback(folio);
	assert_int_equal(left, 1);
	assert_int_equal(folio_ref_count(folio), 0);
}

static int write_again(wait_queue_entry_t *entry, unsigned int mode, int sync,
		       void *key)
{
	(void)mode;
	(void)sync;
	(void)key;
	list_del_init_careful(&entry->entry);
	assert_false(folio_test_set_writeback(folio));
	return 0;
}

static bool went_on, too_early;

static void wait_for_writeback(void *arg)
{
	(void)arg;
	folio_wait_writeback(folio);
	WRITE_ONCE(too_early, folio_test_writeback(folio));
	smp_store_release(&went_on, true);
}

/* The next writeback has begun before the waiter of this one runs. */
static void test_written_back_again(void **state)
{
	struct pagesim_thread thread;
	wait_queue_entry_t entry;

	(void)state;
	folio = folio_alloc(GFP_KERNEL, 0);
	folio_lock(folio);
	folio_start_writeback(folio);
	folio_unlock(folio);
	went_on = false;
	queue_first(&entry, write_again);
	start_workers(&thread, 1, wait_for_writeback);
	while (nr_queued() < 2)
		pagesim_softirq_point();
	folio_end_writeback(folio);
	while (!nr_queued() && !smp_load_acquire(&went_on))
		pagesim_softirq_point();
	folio_end_writeback(folio);
	join_workers(&thread, 1);
	assert_false(too_early);
	folio_put(folio);
}

/* The waiter's reference is gone before it sleeps: the owner's is the last. */
static void put_and_wait(void *arg)
{
	if (arg) {
		folio_put_wait_locked(folio);
		return;
	}
	while (folio_ref_count(folio) > 1)
		pagesim_softirq_point();
	folio_unlock(folio);
}

static void test_put_and_wait(void **state)
{
	(void)state;
	for (unsigned long i = 0; i < scaled(300); i++) {
		folio = folio_alloc(GFP_KERNEL, 0);
		folio_lock(folio);
		folio_get(folio);
		run_workers(2, put_and_wait);
		assert_int_equal(folio_ref_count(folio), 1);
		folio_put(folio);
	}
}

/* Two folios of one queue, and waiters for each: nobody is forgotten. */
static struct folio *many[600];

static void lock_many(void *arg)
{
	unsigned long seed = (unsigned long)arg + 1;

	for (unsigned long i = 0; i < scaled(20000); i++) {
		struct folio *one;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		one = many[(seed >> 40) % 4 * 150];
		folio_lock(one);
		one->index++;
		folio_unlock(one);
	}
}

static void test_many_folios(void **state)
{
	unsigned long sum = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = folio_alloc(GFP_KERNEL, 0);
		many[i]->index = 0;
	}
	run_workers(NR_WORKERS, lock_many);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		sum += many[i]->index;
		folio_put(many[i]);
	}
	assert_int_equal(sum, NR_WORKERS * scaled(20000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cpu_test(test_states),
		cpu_test(test_mutual_exclusion),
		cpu_test(test_waiters_flag_goes),
		cpu_test(test_handoff),
		cpu_test(test_no_wake_up_for_nothing),
		cpu_test(test_one_is_woken),
		cpu_test(test_waiters_of_a_neighbour),
		cpu_test(test_another_bit),
		cpu_test(test_read),
		cpu_test(test_writeback),
		cpu_test(test_freed_when_written_back),
		cpu_test(test_written_back_again),
		cpu_test(test_put_and_wait),
		cpu_test(test_many_folios),
	};

	return cmocka_run_group_tests_name("folio_lock", tests, NULL, NULL);
}
