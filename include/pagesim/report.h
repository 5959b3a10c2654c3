/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * The one door for everything that is wrong.
 *
 * A report has a kind, the rule that was broken (its text) and the place.
 * Without a handler it is printed on the console and, if it is a bug,
 * the process aborts. A handler gets it instead; it may
 * return (the report counts as handled) or leave by longjmp(). What concerns
 * a page was dumped on the console before, as were lockdep's details. No report
 * is made with a lock of the simulator's own held.
 *
 * Context: any. The handler is one per process and is to be set while no
 * other thread runs simulated code.
 */
#ifndef PAGESIM_REPORT_H
#define PAGESIM_REPORT_H

#include <pagesim/compiler.h>
#include <pagesim/printk.h>

enum pagesim_report_kind {
	PAGESIM_REPORT_BUG_ON,
	PAGESIM_REPORT_WARN,
	PAGESIM_REPORT_LEAK,
	PAGESIM_REPORT_DOUBLE_FREE,
	PAGESIM_REPORT_USE_AFTER_FREE,
	PAGESIM_REPORT_LOCKDEP,
	PAGESIM_REPORT_REFCOUNT, /* a reference that is not there, or lost */
	PAGESIM_REPORT_ASSERTION, /* of a scenario, or pagesim_check()'s */
	PAGESIM_REPORT_NR_KINDS,
};

struct pagesim_report {
	enum pagesim_report_kind kind;
	const char *rule;
	const char *file;
	int line;
	const char *func;
};

typedef void (*pagesim_report_handler_t)(const struct pagesim_report *report,
					 void *data);

/* Returns the name by which results call the kind: "bug-on", "warn", ... */
const char *pagesim_report_kind_name(enum pagesim_report_kind kind);

/* NULL puts the default back. */
void pagesim_set_report_handler(pagesim_report_handler_t handler, void *data);

void pagesim_report(enum pagesim_report_kind kind, const char *file, int line,
		    const char *func, const char *fmt, ...) __printf(5, 6);

/* How many reports of the kind there were since boot; all, not once each. */
unsigned long pagesim_nr_reports(enum pagesim_report_kind kind);
void pagesim_reset_reports(void);

#endif /* PAGESIM_REPORT_H */
