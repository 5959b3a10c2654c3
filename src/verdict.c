// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/verdict.h>

static const char *const names[PAGESIM_NR_VERDICTS] = {
	[PAGESIM_CLEAN] = "clean",
	[PAGESIM_DATA_RACE] = "data-race",
	[PAGESIM_ASSERTION] = "assertion",
	[PAGESIM_BUG_ON] = "bug-on",
	[PAGESIM_WARN] = "warn",
	[PAGESIM_REFCOUNT] = "refcount",
	[PAGESIM_USE_AFTER_FREE] = "use-after-free",
	[PAGESIM_DOUBLE_FREE] = "double-free",
	[PAGESIM_LEAK] = "leak",
	[PAGESIM_DEADLOCK] = "deadlock",
	[PAGESIM_LIVELOCK] = "livelock",
	[PAGESIM_LOCKDEP] = "lockdep",
	[PAGESIM_INCOMPLETE] = "incomplete",
};

static const enum pagesim_verdict verdicts[PAGESIM_REPORT_NR_KINDS] = {
	[PAGESIM_REPORT_BUG_ON] = PAGESIM_BUG_ON,
	[PAGESIM_REPORT_WARN] = PAGESIM_WARN,
	[PAGESIM_REPORT_LEAK] = PAGESIM_LEAK,
	[PAGESIM_REPORT_DOUBLE_FREE] = PAGESIM_DOUBLE_FREE,
	[PAGESIM_REPORT_USE_AFTER_FREE] = PAGESIM_USE_AFTER_FREE,
	[PAGESIM_REPORT_LOCKDEP] = PAGESIM_LOCKDEP,
	[PAGESIM_REPORT_REFCOUNT] = PAGESIM_REFCOUNT,
	[PAGESIM_REPORT_ASSERTION] = PAGESIM_ASSERTION,
};

const char *pagesim_verdict_name(enum pagesim_verdict verdict)
{
	return names[verdict];
}

enum pagesim_verdict pagesim_verdict_of(enum pagesim_report_kind kind)
{
	return verdicts[kind];
}
