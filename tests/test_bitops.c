// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/bitops.h>
#include "threads.h"

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
		assert_false(test_and_set_bit_lock(nr, words));
		assert_true(test_and_set_bit_lock(nr, words));
		clear_bit_unlock(nr, words);
		assert_false(test_bit(nr, words));
		__set_bit(nr, words);
		assert_true(test_bit(nr, words));
		__clear_bit(nr, words);
		assert_int_equal(words[0] | words[1], 0);
	}
}

static void test_change(void **state)
{
	unsigned long words[2] = { 0, 0 };

	(void)state;
	for (unsigned long nr = 0; nr < 128; nr += 9) {
		unsigned long mask = 1UL << nr % 64;

		assert_false(test_bit_acquire(nr, words));
		change_bit(nr, words);
		assert_true(test_bit_acquire(nr, words));
		assert_int_equal(words[nr / 64], mask);
		assert_true(test_and_change_bit(nr, words));
		assert_false(test_and_change_bit(nr, words));
		assert_int_equal(words[nr / 64], mask);
		__change_bit(nr, words);
		assert_int_equal(words[nr / 64], 0);
		assert_false(__test_and_set_bit(nr, words));
		assert_true(__test_and_set_bit(nr, words));
		assert_int_equal(words[nr / 64], mask);
		assert_true(__test_and_clear_bit(nr, words));
		assert_false(__test_and_clear_bit(nr, words));
		assert_false(__test_and_change_bit(nr, words));
		assert_true(__test_and_change_bit(nr, words));
		assert_int_equal(words[0] | words[1], 0);
	}
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

/* set_bit() and clear_bit() tell nothing: what was set must still be there. */
static void set_and_clear(void *arg)
{
	unsigned long nr = (unsigned long)arg;

	for (unsigned long i = 0; i < scaled(100000); i++) {
		set_bit(nr, &flags_word);
		if (!test_bit(nr, &flags_word))
			abort();
		clear_bit(nr, &flags_word);
		if (test_bit(nr, &flags_word))
			abort();
	}
}

/* An even number of changes each, the other's in between. */
static void change(void *arg)
{
	unsigned long nr = (unsigned long)arg;

	for (unsigned long i = 0; i < scaled(1000000); i++) {
		change_bit(nr, &flags_word);
		if (!test_and_change_bit(nr, &flags_word))
			abort();
	}
}

static void test_changes_from_two_threads(void **state)
{
	(void)state;
	run_two(change, (void *)3UL, change, (void *)4UL);
	assert_int_equal(flags_word, 0);
}

static void test_set_and_clear_from_two_threads(void **state)
{
	(void)state;
	run_two(set_and_clear, (void *)3UL, set_and_clear, (void *)4UL);
	assert_int_equal(flags_word, 0);
}

static void test_bits_from_two_threads(void **state)
{
	(void)state;
	run_two(toggle, (void *)3UL, toggle, (void *)4UL);
	assert_int_equal(flags_word, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_changes_from_two_threads),
		cmocka_unit_test(test_bits_from_two_threads),
		cmocka_unit_test(test_set_and_clear_from_two_threads),
	};

	return cmocka_run_group_tests_name("bitops", tests, NULL, NULL);
}
