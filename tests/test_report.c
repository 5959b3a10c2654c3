// SPDX-License-Identifier: MIT
// Floor: 5
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"

static void test_kinds(void **state)
{
	struct expected_report expected;
	int warned = 0;

	(void)state;
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "1 + 1 == 2",
		      BUG_ON(1 + 1 == 2));
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "BUG()", BUG());
	expect_report(&expected, PAGESIM_REPORT_WARN, "2 > 1",
		      warned = WARN_ON(2 > 1));
	assert_true(warned);
	assert_false(WARN_ON(2 < 1));
	BUG_ON(2 < 1);
	assert_string_equal(pagesim_report_kind_name(PAGESIM_REPORT_BUG_ON),
			    "bug-on");
	assert_string_equal(pagesim_report_kind_name(PAGESIM_REPORT_WARN),
			    "warn");
	assert_string_equal(pagesim_report_kind_name(PAGESIM_REPORT_LEAK),
			    "leak");
	assert_string_equal(
		pagesim_report_kind_name(PAGESIM_REPORT_DOUBLE_FREE),
		"double-free");
	assert_string_equal(
		pagesim_report_kind_name(PAGESIM_REPORT_USE_AFTER_FREE),
		"use-after-free");
	assert_string_equal(pagesim_report_kind_name(PAGESIM_REPORT_LOCKDEP),
			    "lockdep");
	assert_string_equal(pagesim_report_kind_name(PAGESIM_REPORT_REFCOUNT),
			    "refcount");
	assert_string_equal(pagesim_report_kind_name(PAGESIM_REPORT_ASSERTION),
			    "assertion");
}

/* Every one is counted: "once" would hide the second bug behind the first. */
static void test_warnings_are_all_counted(void **state)
{
	struct expected_report expected;

	(void)state;
	pagesim_reset_reports();
	for (int i = 0; i < 3; i++)
		expect_report(&expected, PAGESIM_REPORT_WARN, "i >= 0",
			      WARN_ON_ONCE(i >= 0));
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 3);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_BUG_ON), 0);
}

/* Without a handler: a line on the console; a bug ends the process. */
static void test_default(void **state)
{
	char text[512] = "";
	FILE *to = fmemopen(text, sizeof(text) - 1, "w");

	(void)state;
	pagesim_set_console(to);
	WARN_ON(to != NULL);
	pagesim_set_console(NULL);
	fclose(to);
	assert_non_null(strstr(text, "warn: WARN_ON(to != "));
	assert_non_null(strstr(text, "test_report.c:"));
	assert_non_null(strstr(text, "test_default()"));
}

/* Whether a process that has no handler is aborted by such a report. */
static bool aborts(enum pagesim_report_kind kind)
{
	int status;
	pid_t child = fork();

	if (!child) {
		signal(SIGABRT, SIG_DFL);
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		__PAGESIM_REPORT(kind, "a report of a test");
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void test_what_aborts(void **state)
{
	(void)state;
	assert_true(aborts(PAGESIM_REPORT_BUG_ON));
	assert_false(aborts(PAGESIM_REPORT_WARN));
	assert_false(aborts(PAGESIM_REPORT_LEAK));
	assert_true(aborts(PAGESIM_REPORT_DOUBLE_FREE));
	assert_true(aborts(PAGESIM_REPORT_USE_AFTER_FREE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_warnings_are_all_counted),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_what_aborts),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
