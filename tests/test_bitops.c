// SPDX-License-Identifier: MIT
// Floor: 5
/* Bit operations, atomics and barriers, alone and from several threads. */
#include "test.h"
#include <pagesim/atomic.h>
#include <pagesim/barrier.h>
#include <pagesim/bitops.h>
#include "platform.h"

static void test_bits(void **state)
{
	unsigned long words[2] = { 0, 0 };

	(void)state;
	for (unsigned long nr = 0; nr < 128; nr += 9) {
		assert_false(test_bit(nr, words));
		set_bit(nr, words);
		assert_true(test_bit(nr, words));
		assert_int_equal(words[nr / 64], 1UL << nr % 64);
		assert_true(test_and_clear_bit(nr, words));
		assert_false(test_and_clear_bit(nr, words));
		assert_false(test_and_set_bit(nr, words));
		assert_true(test_and_set_bit(nr, words));
		clear_bit(nr, words);
		__set_bit(nr, words);
		assert_true(test_bit(nr, words));
		__clear_bit(nr, words);
		assert_int_equal(words[0] | words[1], 0);
	}
}

static void test_atomics(void **state)
{
	atomic_t v = ATOMIC_INIT(5);
	atomic_long_t l = { 0 };

	(void)state;
	atomic_inc(&v);
	atomic_dec(&v);
	atomic_add(3, &v);
	atomic_sub(7, &v);
	assert_int_equal(atomic_read(&v), 1);
	assert_true(atomic_dec_and_test(&v));
	atomic_set(&v, 9);
	assert_false(atomic_sub_and_test(8, &v));
	atomic_set_release(&v, 2);
	assert_int_equal(atomic_read(&v), 2);
	atomic_long_set(&l, 1L << 40);
	atomic_long_add(-1, &l);
	assert_int_equal(atomic_long_read(&l), (1L << 40) - 1);
}

/* Two threads, one word, each its own bit: atomic ones lose nothing. */
static unsigned long flags_word;

static void toggle(void *arg)
{
	unsigned long nr = (unsigned long)arg;

	for (unsigned long i = 0; i < scaled(100000); i++) {
		if (test_and_set_bit(nr, &flags_word))
			abort();
		if (!test_and_clear_bit(nr, &flags_word))
			abort();
	}
}

/* Message passing: the flag says that the plain data are there. */
static int data, ready;

static void send(void *arg)
{
	(void)arg;
	data = 42;
	smp_wmb();
	WRITE_ONCE(ready, 1);
}

static void receive(void *arg)
{
	int *got = arg;

	while (!READ_ONCE(ready))
		platform_relax();
	smp_rmb();
	*got = data;
}

static void run_two(void (*a)(void *), void *arg_a, void (*b)(void *),
		    void *arg_b)
{
	struct platform_thread threads[2];

	assert_int_equal(platform_thread_create(&threads[0], a, arg_a), 0);
	assert_int_equal(platform_thread_create(&threads[1], b, arg_b), 0);
	platform_thread_join(&threads[0]);
	platform_thread_join(&threads[1]);
}

static void test_bits_from_two_threads(void **state)
{
	(void)state;
	run_two(toggle, (void *)3UL, toggle, (void *)4UL);
	assert_int_equal(flags_word, 0);
}

static void test_message_passing(void **state)
{
	int got = 0;

	(void)state;
	run_two(send, NULL, receive, &got);
	assert_int_equal(got, 42);
	smp_mb();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_atomics),
		cmocka_unit_test(test_bits_from_two_threads),
		cmocka_unit_test(test_message_passing),
	};

	return cmocka_run_group_tests_name("bitops", tests, NULL, NULL);
}
