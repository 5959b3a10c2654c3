// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/printk.h>

#undef pr_fmt
#define pr_fmt(fmt) "tests: " fmt

static void say_once(void)
{
	pr_warn_once("said %s\n", "once");
}

static void test_levels(void **state)
{
	char text[512] = "";
	FILE *to = fmemopen(text, sizeof(text) - 1, "w");

	(void)state;
	pagesim_set_console(to);
	assert_int_equal(printk("plain\n"), 6);
	assert_int_equal(printk(KERN_ERR "error\n"), 6);
	pr_emerg("%d", 0);
	pr_alert("%d", 1);
	pr_crit("%d", 2);
	pr_err("%d", 3);
	pr_warn("%d", 4);
	pr_notice("%d", 5);
	pr_info("%d", 6);
	pr_debug("%d", 7);
	pr_cont("!\n");
	say_once();
	say_once();
	pr_warn_ratelimited("last\n");
	pagesim_set_console(NULL);
	fclose(to);
	assert_string_equal(
		text, "plain\nerror\ntests: 0tests: 1tests: 2tests: 3tests: 4"
		      "tests: 5tests: 6!\ntests: said once\ntests: last\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
	};

	return cmocka_run_group_tests_name("printk", tests, NULL, NULL);
}
