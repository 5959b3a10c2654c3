// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/refcount_t.h>
#include "threads.h"

/* The statement must warn, and the count not be a number any more. */
#define expect_saturation(r, text, statement)                                \
	do {                                                                 \
		struct expected_report __expected;                           \
                                                                             \
		expect_report(&__expected, PAGESIM_REPORT_WARN,              \
			      "refcount_t: " text, statement);               \
		assert_int_equal((int)refcount_read(r), REFCOUNT_SATURATED); \
	} while (0)

static void test_up_and_down(void **state)
{
	refcount_t r = REFCOUNT_INIT(1);

	(void)state;
	refcount_inc(&r);
	refcount_add(2, &r);
	assert_int_equal(refcount_read(&r), 4);
	refcount_dec(&r);
	assert_false(refcount_sub_and_test(2, &r));
	assert_true(refcount_inc_not_zero(&r));
	assert_false(refcount_dec_if_one(&r));
	assert_false(refcount_dec_and_test(&r));
	assert_true(refcount_dec_if_one(&r));
	assert_false(refcount_inc_not_zero(&r));
	assert_false(refcount_add_not_zero(3, &r));
	refcount_set(&r, 1);
	assert_true(refcount_dec_and_test(&r));
	assert_int_equal(refcount_read(&r), 0);
}

static void test_saturation(void **state)
{
	refcount_t r = REFCOUNT_INIT(0);

	(void)state;
	expect_saturation(&r, "addition on 0; use-after-free.",
			  refcount_inc(&r));
	expect_saturation(&r, "saturated; leaking memory.", refcount_inc(&r));
	expect_saturation(&r, "saturated; leaking memory.",
			  refcount_inc_not_zero(&r));
	expect_saturation(&r, "underflow; use-after-free.",
			  refcount_dec_and_test(&r));
	expect_saturation(&r, "decrement hit 0; leaking memory.",
			  refcount_dec(&r));
	refcount_set(&r, REFCOUNT_MAX);
	expect_saturation(&r, "saturated; leaking memory.", refcount_inc(&r));
	refcount_set(&r, REFCOUNT_MAX);
	expect_saturation(&r, "saturated; leaking memory.",
			  refcount_inc_not_zero(&r));
	refcount_set(&r, 1);
	expect_saturation(&r, "decrement hit 0; leaking memory.",
			  refcount_dec(&r));
	refcount_set(&r, 1);
	expect_saturation(&r, "underflow; use-after-free.",
			  refcount_sub_and_test(2, &r));
	refcount_set(&r, 0);
	expect_saturation(&r, "underflow; use-after-free.",
			  refcount_dec_and_test(&r));
}

struct shared {
	refcount_t users;
	unsigned long a, b; /* plain */
};

static struct shared *shared;
static unsigned long nr_freed; /* plain: the last one counts */

/* Who comes last, sees what the other wrote before it went. */
static void use_and_leave(void *arg)
{
	if (arg)
		shared->a++;
	else
		shared->b++;
	if (!refcount_dec_and_test(&shared->users))
		return;
	nr_freed += shared->a == 1 && shared->b == 1;
	free(shared);
}

static void test_last_one_frees(void **state)
{
	(void)state;
	nr_freed = 0;
	for (unsigned long i = 0; i < scaled(500); i++) {
		shared = calloc(1, sizeof(*shared));
		refcount_set(&shared->users, 2);
		run_two(use_and_leave, NULL, use_and_leave, shared);
	}
	assert_int_equal(nr_freed, scaled(500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_and_down),
		cmocka_unit_test(test_saturation),
		cmocka_unit_test(test_last_one_frees),
	};

	return cmocka_run_group_tests_name("refcount_t", tests, NULL, NULL);
}
