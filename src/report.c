// SPDX-License-Identifier: MIT
// Floor: 1
#include <stdarg.h>
#include <stdlib.h>
#include <pagesim/bug.h>
#include <pagesim/report.h>

static const char *const kind_names[PAGESIM_REPORT_NR_KINDS] = {
	[PAGESIM_REPORT_BUG_ON] = "bug-on",
	[PAGESIM_REPORT_WARN] = "warn",
	[PAGESIM_REPORT_LEAK] = "leak",
	[PAGESIM_REPORT_DOUBLE_FREE] = "double-free",
	[PAGESIM_REPORT_USE_AFTER_FREE] = "use-after-free",
	[PAGESIM_REPORT_LOCKDEP] = "lockdep",
	[PAGESIM_REPORT_REFCOUNT] = "refcount",
	[PAGESIM_REPORT_ASSERTION] = "assertion",
};

int pagesim_debug_tier = PAGESIM_DEBUG;

static pagesim_report_handler_t report_handler;
static void *report_data;
static unsigned long nr_reports[PAGESIM_REPORT_NR_KINDS];

const char *pagesim_report_kind_name(enum pagesim_report_kind kind)
{
	return kind_names[kind];
}

void pagesim_set_report_handler(pagesim_report_handler_t handler, void *data)
{
	report_handler = handler;
	report_data = data;
}

/* What may have happened, or is past, does not end the process. */
static bool is_fatal(enum pagesim_report_kind kind)
{
	return kind != PAGESIM_REPORT_WARN && kind != PAGESIM_REPORT_LEAK &&
	       kind != PAGESIM_REPORT_LOCKDEP;
}

static void report_default(const struct pagesim_report *report)
{
	pr_warn("%s: %s at %s:%d %s()\n", kind_names[report->kind],
		report->rule, report->file, report->line, report->func);
	if (is_fatal(report->kind))
		abort();
}

void pagesim_report(enum pagesim_report_kind kind, const char *file, int line,
		    const char *func, const char *fmt, ...)
{
	char rule[256];
	struct pagesim_report report = { kind, rule, file, line, func };
	va_list args;

	va_start(args, fmt);
	vsnprintf(rule, sizeof(rule), fmt, args);
	va_end(args);
	__atomic_fetch_add(&nr_reports[kind], 1, __ATOMIC_RELAXED);
	if (report_handler)
		report_handler(&report, report_data);
	else
		report_default(&report);
}

unsigned long pagesim_nr_reports(enum pagesim_report_kind kind)
{
	return READ_ONCE(nr_reports[kind]);
}

void pagesim_reset_reports(void)
{
	for (int kind = 0; kind < PAGESIM_REPORT_NR_KINDS; kind++)
		WRITE_ONCE(nr_reports[kind], 0UL);
}
