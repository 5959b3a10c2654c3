// SPDX-License-Identifier: MIT
// Floor: 5
#include <limits.h>
#include "test.h"
#include <pagesim/atomic.h>
#include "threads.h"

/* Each operation once on each type: what it leaves, and what it returns. */
#define TEST_TYPE(type, pfx, word)                                       \
	static void test_##pfx(void **state)                             \
	{                                                                \
		type v = { 5 };                                          \
		word old;                                                \
                                                                         \
		(void)state;                                             \
		pfx##_inc(&v);                                           \
		pfx##_dec(&v);                                           \
		pfx##_add(3, &v);                                        \
		pfx##_sub(7, &v);                                        \
		assert_int_equal(pfx##_read(&v), 1);                     \
		pfx##_or(6, &v);                                         \
		pfx##_and(3, &v);                                        \
		pfx##_xor(1, &v);                                        \
		assert_int_equal(pfx##_read_acquire(&v), 2);             \
		assert_int_equal(pfx##_add_return(8, &v), 10);           \
		assert_int_equal(pfx##_sub_return_acquire(1, &v), 9);    \
		assert_int_equal(pfx##_inc_return_release(&v), 10);      \
		assert_int_equal(pfx##_dec_return_relaxed(&v), 9);       \
		assert_int_equal(pfx##_fetch_add(1, &v), 9);             \
		assert_int_equal(pfx##_fetch_sub_relaxed(1, &v), 10);    \
		assert_int_equal(pfx##_fetch_inc(&v), 9);                \
		assert_int_equal(pfx##_fetch_dec_acquire(&v), 10);       \
		assert_int_equal(pfx##_fetch_or(4, &v), 9);              \
		assert_int_equal(pfx##_fetch_and_release(12, &v), 13);   \
		assert_int_equal(pfx##_fetch_xor(3, &v), 12);            \
		assert_int_equal(pfx##_xchg(&v, 20), 15);                \
		assert_int_equal(pfx##_xchg_release(&v, 21), 20);        \
		assert_int_equal(pfx##_cmpxchg(&v, 20, 30), 21);         \
		assert_int_equal(pfx##_cmpxchg_relaxed(&v, 21, 30), 21); \
		old = 29;                                                \
		assert_false(pfx##_try_cmpxchg(&v, &old, 40));           \
		assert_int_equal(old, 30);                               \
		assert_true(pfx##_try_cmpxchg_acquire(&v, &old, 2));     \
		assert_false(pfx##_sub_and_test(1, &v));                 \
		assert_true(pfx##_dec_and_test(&v));                     \
		pfx##_set(&v, -1);                                       \
		assert_true(pfx##_inc_and_test(&v));                     \
		assert_true(pfx##_add_negative(-1, &v));                 \
		assert_false(pfx##_add_negative(1, &v));                 \
		pfx##_set(&v, 15);                                       \
		pfx##_andnot(2, &v);                                     \
		assert_int_equal(pfx##_fetch_andnot(4, &v), 13);         \
		assert_int_equal(pfx##_fetch_andnot_acquire(3, &v), 9);  \
		assert_int_equal(pfx##_fetch_andnot_release(1, &v), 8);  \
		assert_int_equal(pfx##_fetch_andnot_relaxed(8, &v), 8);  \
		assert_int_equal(pfx##_read(&v), 0);                     \
	}                                                                \
	static void test_##pfx##_conditional(void **state)               \
	{                                                                \
		type v = { 0 };                                          \
                                                                         \
		(void)state;                                             \
		assert_false(pfx##_inc_not_zero(&v));                    \
		assert_int_equal(pfx##_read(&v), 0);                     \
		pfx##_set_release(&v, 1);                                \
		assert_true(pfx##_inc_not_zero(&v));                     \
		assert_false(pfx##_add_unless(&v, 5, 2));                \
		assert_true(pfx##_add_unless(&v, 5, 3));                 \
		assert_int_equal(pfx##_fetch_add_unless(&v, 1, 0), 7);   \
		assert_int_equal(pfx##_dec_if_positive(&v), 7);          \
		assert_false(pfx##_dec_unless_positive(&v));             \
		pfx##_set(&v, 0);                                        \
		assert_int_equal(pfx##_dec_if_positive(&v), -1);         \
		assert_int_equal(pfx##_read(&v), 0);                     \
		assert_true(pfx##_dec_unless_positive(&v));              \
		assert_int_equal(pfx##_read(&v), -1);                    \
		assert_false(pfx##_inc_unless_negative(&v));             \
		assert_int_equal(pfx##_read(&v), -1);                    \
		pfx##_set(&v, 0);                                        \
		assert_true(pfx##_inc_unless_negative(&v));              \
		assert_int_equal(pfx##_read(&v), 1);                     \
	}

TEST_TYPE(atomic_t, atomic, int)
TEST_TYPE(atomic_long_t, atomic_long, long)
TEST_TYPE(atomic64_t, atomic64, s64)

/* Counters wrap and never trap: -fsanitize=undefined has to agree. */
static void test_wrap(void **state)
{
	atomic_t v = ATOMIC_INIT(INT_MAX);

	(void)state;
	assert_int_equal(atomic_inc_return(&v), INT_MIN);
	assert_int_equal(atomic_dec_return(&v), INT_MAX);
}

static void test_64_bits(void **state)
{
	atomic64_t v = ATOMIC64_INIT(1LL << 40);

	(void)state;
	assert_int_equal(sizeof(v), 8);
	atomic64_andnot(1LL << 40, &v);
	assert_int_equal(atomic64_add_return(1LL << 41, &v), 1LL << 41);
}

static void test_plain_words(void **state)
{
	unsigned long word = 1, old = 2;

	(void)state;
	assert_int_equal(xchg(&word, 2), 1);
	assert_int_equal(cmpxchg(&word, 1, 3), 2);
	assert_int_equal(cmpxchg(&word, 2, 3), 2);
	assert_false(try_cmpxchg(&word, &old, 4));
	assert_int_equal(old, 3);
	assert_true(try_cmpxchg_release(&word, &old, 4));
	smp_store_release(&word, 5);
	assert_int_equal(smp_load_acquire(&word), 5);
}

static atomic_t counter;

static void count_up(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; i < scaled(100000); i++) {
		atomic_inc(&counter);
		atomic_add_unless(&counter, 2, -1);
	}
}

static void test_nothing_is_lost(void **state)
{
	(void)state;
	run_two(count_up, NULL, count_up, NULL);
	assert_int_equal(atomic_read(&counter), 2 * 3 * scaled(100000));
}

/* Message passing, by each pair that orders it: the data are plain. */
static int data, ready;

static void send_by_barrier(void *arg)
{
	(void)arg;
	data = 42;
	smp_wmb();
	WRITE_ONCE(ready, 1);
}

static void receive_by_barrier(void *arg)
{
	while (!READ_ONCE(ready))
		platform_relax();
	smp_rmb();
	*(int *)arg = data;
}

static void send_by_release(void *arg)
{
	(void)arg;
	data = 43;
	smp_store_release(&ready, 1);
}

static void receive_by_acquire(void *arg)
{
	while (!smp_load_acquire(&ready))
		platform_relax();
	*(int *)arg = data;
}

static void receive_by_cond_acquire(void *arg)
{
	const int *word = &ready;

	if (smp_cond_load_acquire(word, VAL == 1) == 1)
		*(int *)arg = data;
}

static atomic_t seven;

static void send_seven(void *arg)
{
	(void)arg;
	data = 44;
	smp_wmb();
	atomic_set(&seven, 7);
}

static void receive_seven(void *arg)
{
	if (atomic_cond_read_relaxed(&seven, VAL > 6) != 7)
		return;
	smp_rmb();
	*(int *)arg = data;
}

static void test_waits_for_a_condition(void **state)
{
	int got;

	(void)state;
	for (unsigned long i = 0; i < scaled(100); i++) {
		data = ready = got = 0;
		run_two(send_by_release, NULL, receive_by_cond_acquire, &got);
		assert_int_equal(got, 43);
		atomic_set(&seven, 0);
		run_two(send_seven, NULL, receive_seven, &got);
		assert_int_equal(got, 44);
	}
	assert_int_equal(atomic_cond_read_acquire(&seven, VAL), 7);
}

static void test_message_passing(void **state)
{
	int got = 0;

	(void)state;
	data = ready = 0;
	run_two(send_by_barrier, NULL, receive_by_barrier, &got);
	assert_int_equal(got, 42);
	data = ready = 0;
	run_two(send_by_release, NULL, receive_by_acquire, &got);
	assert_int_equal(got, 43);
}

/* Store buffering: with a full barrier each, one must see the other. */
static int x, y, saw_x, saw_y;

static void store_x(void *arg)
{
	(void)arg;
	WRITE_ONCE(x, 1);
	smp_mb();
	saw_y = READ_ONCE(y);
}

static void store_y(void *arg)
{
	(void)arg;
	WRITE_ONCE(y, 1);
	smp_mb();
	saw_x = READ_ONCE(x);
}

static void test_store_buffering(void **state)
{
	(void)state;
	for (unsigned long i = 0; i < scaled(500); i++) {
		x = y = 0;
		run_two(store_x, NULL, store_y, NULL);
		assert_true(saw_x || saw_y);
	}
}

#define NR_STORES 20000

static int stored[2][NR_STORES], seen[2][NR_STORES];
static atomic_t at_the_line;

/* Both at once, again and again. */
static void store_mb(void *arg)
{
	const int me = *(int *)arg;

	for (unsigned long i = 0; i < scaled(NR_STORES); i++) {
		atomic_inc(&at_the_line);
		while (atomic_read(&at_the_line) < 2 * (int)(i + 1))
			platform_relax();
		smp_store_mb(stored[me][i], 1);
		seen[me][i] = READ_ONCE(stored[!me][i]);
	}
}

static void test_store_mb(void **state)
{
	int zero = 0, one = 1;

	(void)state;
	run_two(store_mb, &zero, store_mb, &one);
	for (unsigned long i = 0; i < scaled(NR_STORES); i++)
		assert_true(seen[0][i] || seen[1][i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_atomic),
		cmocka_unit_test(test_atomic_conditional),
		cmocka_unit_test(test_atomic_long),
		cmocka_unit_test(test_atomic_long_conditional),
		cmocka_unit_test(test_atomic64),
		cmocka_unit_test(test_atomic64_conditional),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_64_bits),
		cmocka_unit_test(test_waits_for_a_condition),
		cmocka_unit_test(test_plain_words),
		cmocka_unit_test(test_nothing_is_lost),
		cmocka_unit_test(test_message_passing),
		cmocka_unit_test(test_store_buffering),
		cmocka_unit_test(test_store_mb),
	};

	return cmocka_run_group_tests_name("atomic", tests, NULL, NULL);
}
