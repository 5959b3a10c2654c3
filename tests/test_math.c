// SPDX-License-Identifier: MIT
// Floor: 5
/* math.h, err.h, and what compiler.h says of options: all at compile time. */
#include "test.h"
#include <pagesim/err.h>
#include <pagesim/gfp.h>
#include <pagesim/math.h>

static void test_lesser_and_greater(void **state)
{
	int i = 3, j = 5;

	(void)state;
	assert_int_equal(min(i++, j), 3);
	assert_int_equal(i, 4); /* once */
	assert_int_equal(max(i, j), 5);
	assert_int_equal(min_t(unsigned int, -1, 7), 7);
	assert_int_equal(max_t(long, -1, 7u), 7);
	assert_int_equal(min3(3, 1, 2), 1);
	assert_int_equal(max3(3, 1, 2), 3);
	assert_int_equal(clamp(7, 1, 5), 5);
	assert_int_equal(clamp_t(int, -7, 1, 5), 1);
	swap(i, j);
	assert_true(i == 5 && j == 4);
}

static void test_rounding(void **state)
{
	(void)state;
	assert_int_equal(DIV_ROUND_UP(7, 4), 2);
	assert_int_equal(round_up(5, 4), 8);
	assert_int_equal(round_up(8, 4), 8);
	assert_int_equal(round_down(7, 4), 4);
	assert_int_equal(roundup(7, 3), 9);
	assert_int_equal(rounddown(8, 3), 6);
	assert_int_equal(PAGE_ALIGN(4097UL), 8192);
	assert_true(PAGE_ALIGNED(8192) && !PAGE_ALIGNED(8200));
	assert_int_equal(offset_in_page(8200), 8);
	assert_int_equal(PFN_UP(4097UL), 2);
	assert_int_equal(PFN_DOWN(8191UL), 1);
}

static void test_orders(void **state)
{
	(void)state;
	assert_true(is_power_of_2(64) && !is_power_of_2(65));
	assert_false(is_power_of_2(0));
	assert_int_equal(ilog2(1), 0);
	assert_int_equal(ilog2(65), 6);
	assert_int_equal(order_base_2(1), 0);
	assert_int_equal(order_base_2(64), 6);
	assert_int_equal(order_base_2(65), 7);
	assert_int_equal(roundup_pow_of_two(65), 128);
	assert_int_equal(get_order(1), 0);
	assert_int_equal(get_order(4097), 1);
	assert_int_equal(get_order(5 * 4096), 3);
}

static void test_errors(void **state)
{
	int here;

	(void)state;
	assert_true(IS_ERR(ERR_PTR(-ENOMEM)));
	assert_true(IS_ERR(ERR_PTR(-MAX_ERRNO)));
	assert_false(IS_ERR(ERR_PTR(-MAX_ERRNO - 1)));
	assert_false(IS_ERR(NULL) || IS_ERR(&here));
	assert_true(IS_ERR_OR_NULL(NULL) && !IS_ERR_OR_NULL(&here));
	assert_int_equal(PTR_ERR(ERR_CAST(ERR_PTR(-EBUSY))), -EBUSY);
	assert_int_equal(PTR_ERR_OR_ZERO(ERR_PTR(-EBUSY)), -EBUSY);
	assert_int_equal(PTR_ERR_OR_ZERO(&here), 0);
}

#define CONFIG_YES 1

#if !IS_ENABLED(CONFIG_YES) || IS_ENABLED(CONFIG_NO)
#error "IS_ENABLED() is of use for #if"
#endif

static void test_options(void **state)
{
	(void)state;
	assert_true(IS_ENABLED(CONFIG_YES) && IS_BUILTIN(CONFIG_YES));
	assert_false(IS_ENABLED(CONFIG_NO));
}

/* Composed of their parts as v6.12's are. */
static void test_gfp(void **state)
{
	(void)state;
	assert_int_equal(GFP_KERNEL, __GFP_RECLAIM | __GFP_IO | __GFP_FS);
	assert_int_equal(GFP_ATOMIC, __GFP_HIGH | __GFP_KSWAPD_RECLAIM);
	assert_int_equal(GFP_NOWAIT, __GFP_KSWAPD_RECLAIM | __GFP_NOWARN);
	assert_int_equal(GFP_NOFS, GFP_KERNEL & ~__GFP_FS);
	assert_int_equal(GFP_HIGHUSER_MOVABLE, 0x100ccau);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lesser_and_greater),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_gfp),
	};

	return cmocka_run_group_tests_name("math", tests, NULL, NULL);
}
