// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/bit_spinlock.h>
#include "threads.h"

#define LOCK_BIT 5

static unsigned long word;
static unsigned long shared; /* plain: only the lock makes it safe */

static void test_states(void **state)
{
	struct expected_report expected;

	(void)state;
	word = 1UL << 40;
	bit_spin_lock(LOCK_BIT, &word);
	assert_true(bit_spin_is_locked(LOCK_BIT, &word));
	assert_false(bit_spin_trylock(LOCK_BIT, &word));
	bit_spin_unlock(LOCK_BIT, &word);
	assert_true(bit_spin_trylock(LOCK_BIT, &word));
	__bit_spin_unlock(LOCK_BIT, &word);
	assert_int_equal(word, 1UL << 40);
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM)
		expect_report(&expected, PAGESIM_REPORT_BUG_ON, "test_bit",
			      bit_spin_unlock(LOCK_BIT, &word));
}

static void count_up(void *arg)
{
	bool plain = arg != NULL;

	for (unsigned long i = 0; i < scaled(50000); i++) {
		bit_spin_lock(LOCK_BIT, &word);
		shared++;
		if (plain)
			__bit_spin_unlock(LOCK_BIT, &word);
		else
			bit_spin_unlock(LOCK_BIT, &word);
	}
}

static void test_mutual_exclusion(void **state)
{
	(void)state;
	word = shared = 0;
	run_two(count_up, NULL, count_up, NULL);
	run_two(count_up, &word, count_up, &word);
	assert_int_equal(shared, 4 * scaled(50000));
	assert_int_equal(word, 0);
}

/* The rest of the word belongs to somebody else. */
static void use_another_bit(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; i < scaled(50000); i++) {
		if (test_and_set_bit(9, &word) || !test_and_clear_bit(9, &word))
			abort();
	}
}

static void test_other_bits_stay(void **state)
{
	(void)state;
	word = shared = 0;
	run_two(count_up, NULL, use_another_bit, NULL);
	assert_int_equal(shared, scaled(50000));
	assert_int_equal(word, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_mutual_exclusion),
		cmocka_unit_test(test_other_bits_stay),
	};

	return cmocka_run_group_tests_name("bit_spinlock", tests, NULL, NULL);
}
