/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* What a run of a scenario came to. */
#ifndef PAGESIM_VERDICT_H
#define PAGESIM_VERDICT_H

#include <pagesim/report.h>

enum pagesim_verdict {
	PAGESIM_CLEAN, /* nothing was reported */
	PAGESIM_DATA_RACE, /* plain accesses that nothing orders */
	PAGESIM_ASSERTION, /* pagesim_assert() of the scenario, pagesim_check() */
	PAGESIM_BUG_ON, /* BUG(), a check of the kernel's, a crash */
	PAGESIM_WARN,
	PAGESIM_REFCOUNT, /* a count is not what its owners hold */
	PAGESIM_USE_AFTER_FREE,
	PAGESIM_DOUBLE_FREE,
	PAGESIM_LEAK,
	PAGESIM_DEADLOCK, /* all threads sleep, and none will be woken */
	PAGESIM_LIVELOCK, /* they run, and nothing comes of it */
	PAGESIM_LOCKDEP,
	PAGESIM_INCOMPLETE, /* nothing found, and not all of it seen */
	PAGESIM_NR_VERDICTS,
};

/* "clean", "data-race", "assertion", ... as results and options call them. */
const char *pagesim_verdict_name(enum pagesim_verdict verdict);

/* The verdict that a report of the kind gives. */
enum pagesim_verdict pagesim_verdict_of(enum pagesim_report_kind kind);

#endif /* PAGESIM_VERDICT_H */
