/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* What every test begins with: cmocka, a machine, and expected reports. */
#ifndef PAGESIM_TEST_H
#define PAGESIM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pagesim/bug.h>
#include <pagesim/pagesim.h>

/* How often a loop runs: less under a tool that makes everything slow. */
static inline unsigned long scaled(unsigned long rounds)
{
	const char *scale = getenv("PAGESIM_SCALE");

	return scale ? rounds / strtoul(scale, NULL, 10) + 1 : rounds;
}

#define TEST_MACHINE_CPUS 8 /* for the test and its threads */

/* A machine of 64 MiB for each test, and nothing leaked at its end. */
static inline int boot_machine(void **state)
{
	struct pagesim_config config;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = 1UL << 14;
	config.nr_cpus = TEST_MACHINE_CPUS;
	return pagesim_boot(&config);
}

static inline int shutdown_machine(void **state)
{
	(void)state;
	return (int)pagesim_shutdown();
}

#define machine_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_machine, shutdown_machine)

/* ---- reports ---- */

struct expected_report {
	jmp_buf out;
	int nr;
	enum pagesim_report_kind kind;
	char rule[256];
	char console[4096]; /* what was printed before it */
};

static inline void take_report(const struct pagesim_report *report, void *data)
{
	struct expected_report *expected = data;

	expected->nr++;
	expected->kind = report->kind;
	snprintf(expected->rule, sizeof(expected->rule), "%s", report->rule);
	if (report->kind == PAGESIM_REPORT_BUG_ON)
		longjmp(expected->out, 1);
}

/*
 * Runs the statement, which must make one report, of the kind and with the
 * text in its rule. The report is left in expected, and of several, for who
 * calls expect_reports(), the last.
 */
#define expect_report(expected, wanted, text, statement) \
	expect_reports(expected, 1, wanted, text, statement)
#define expect_reports(expected, how_many, wanted, text, statement)    \
	do {                                                           \
		FILE *__to;                                            \
                                                                       \
		memset(expected, 0, sizeof(*(expected)));              \
		__to = fmemopen((expected)->console,                   \
				sizeof((expected)->console) - 1, "w"); \
		pagesim_set_console(__to);                             \
		pagesim_set_report_handler(take_report, expected);     \
		if (!setjmp((expected)->out)) {                        \
			statement;                                     \
		}                                                      \
		pagesim_set_report_handler(NULL, NULL);                \
		pagesim_set_console(NULL);                             \
		fclose(__to);                                          \
		assert_int_equal((expected)->nr, how_many);            \
		assert_int_equal((expected)->kind, wanted);            \
		assert_non_null(strstr((expected)->rule, text));       \
	} while (0)

#endif /* PAGESIM_TEST_H */
