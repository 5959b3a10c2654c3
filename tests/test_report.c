// SPDX-License-Identifier: MIT
// Floor: 5
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"
#include <pagesim/memmap.h>

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

static int nr_looks;

static __maybe_unused bool look(void)
{
	nr_looks++;
	return true;
}

/* As expressions, which some of v6.12's code makes use of, and as statements. */
static void test_vm_warnings(void **state)
{
#ifdef CONFIG_DEBUG_VM
	struct folio *folio = (struct folio *)pfn_to_page(3);
	struct expected_report expected;
	bool warned = false;
	int looks = 0;

	(void)state;
	if (VM_WARN_ON_FOLIO(looks++ > 0, folio))
		fail();
	assert_int_equal(looks, 1);
	expect_report(&expected, PAGESIM_REPORT_WARN,
		      "VM_WARN_ON_FOLIO(looks++ == 1)",
		      if (VM_WARN_ON_FOLIO(looks++ == 1, folio)) warned = true);
	assert_true(warned);
	assert_int_equal(looks, 2);
	assert_non_null(strstr(expected.console, "pfn:0x3\n"));
	expect_report(&expected, PAGESIM_REPORT_WARN,
		      "VM_WARN_ON_ONCE_FOLIO(looks)",
		      looks += VM_WARN_ON_ONCE_FOLIO(looks, folio));
	assert_non_null(strstr(expected.console, "pfn:0x3\n"));
	expect_report(&expected, PAGESIM_REPORT_WARN,
		      "VM_WARN_ON_ONCE_PAGE(looks)",
		      looks += VM_WARN_ON_ONCE_PAGE(looks, &folio->page));
	assert_non_null(strstr(expected.console, "pfn:0x3\n"));
	assert_int_equal(looks, 4);
	assert_false(VM_WARN_ON_ONCE_FOLIO(!looks, folio));
	assert_false(VM_WARN_ON_ONCE_PAGE(!looks, &folio->page));
	expect_report(&expected, PAGESIM_REPORT_WARN, "VM_WARN_ON(looks)",
		      VM_WARN_ON(looks));
	VM_WARN_ON(!looks);
	expect_report(&expected, PAGESIM_REPORT_WARN, "VM_WARN_ON_ONCE(looks)",
		      VM_WARN_ON_ONCE(looks));
#else
	(void)state;
	nr_looks = 0;
	VM_WARN_ON(look());
	VM_WARN_ON_ONCE(look());
	VM_WARN_ON_FOLIO(look(), NULL);
	VM_WARN_ON_ONCE_FOLIO(look(), NULL);
	VM_WARN_ON_ONCE_PAGE(look(), NULL);
	assert_int_equal(nr_looks, 0);
#endif
}

/* A machine that was booted with less than what is built in. */
static void test_vm_warnings_below_their_tier(void **state)
{
	struct pagesim_config config;

	(void)state;
	nr_looks = 0;
	pagesim_config_init(&config);
	config.debug = PAGESIM_DEBUG_NONE;
	assert_int_equal(pagesim_boot(&config), 0);
#ifdef CONFIG_DEBUG_VM
	assert_false(VM_WARN_ON_FOLIO(look(), (struct folio *)pfn_to_page(0)));
#endif
	VM_WARN_ON(look());
	assert_int_equal(nr_looks, 0);
	pagesim_shutdown();
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
		machine_test(test_vm_warnings),
		cmocka_unit_test(test_vm_warnings_below_their_tier),
		cmocka_unit_test(test_warnings_are_all_counted),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_what_aborts),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
