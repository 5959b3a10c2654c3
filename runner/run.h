/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/*
 * What the process that runs rounds tells the one that watches it: in memory
 * that both map, so that it survives whatever becomes of the rounds.
 */
#ifndef PAGESIM_RUNNER_RUN_H
#define PAGESIM_RUNNER_RUN_H

#include <pagesim/scenario.h>

enum run_state {
	RUN_GOES_ON,
	RUN_BEING_FOUND, /* somebody writes verdict and report */
	RUN_FOUND,
	RUN_THROUGH, /* all rounds, and nothing found */
	RUN_CANNOT, /* report says why */
};

struct run {
	unsigned int state; /* enum run_state; who wants to write, takes it */
	enum pagesim_verdict verdict;
	char report[256];
	unsigned long executions;
	unsigned long blocked;
	bool incomplete; /* through, but by a bound */
	bool has_trace;
};

/* The run of this process, or NULL: for who is called by a tool. */
extern struct run *current_run;

/* Of the variant: races_besides. */
extern bool run_expects_races;

/* Latches the first finding. Returns whether it is this one. */
bool run_found(enum pagesim_verdict verdict, const char *fmt, ...)
	__printf(2, 3);
void run_cannot(const char *why);

/* Boots the scenario's machine; it may have another number of pages. */
bool run_boot(const struct pagesim_scenario *scenario,
	      const struct pagesim_variant *variant, unsigned long nr_pages);

/* After a round: every invariant; with shutdown's own check in tier "full". */
void run_check(void);

/* ---- rounds.c on real threads, or explored.c on fibers ---- */

/* Of enum pagesim_mode, a bit each. */
extern const unsigned int run_modes;

/* In the child: until something is found or a limit reached. */
void run_in_child(const struct pagesim_scenario *scenario,
		  const struct pagesim_variant *variant,
		  const struct pagesim_run_options *options);

/* ---- tools.c ---- */

/* What this build or the tool around it sees: PAGESIM_SEEN_BY_*. */
unsigned int run_tools(void);

/* The process is going to end in the midst of things: no tool is to mind. */
void run_tools_let_go(void);

/* Errors that a tool has counted and that call nobody: memcheck's. */
unsigned long run_tool_errors(void);

/* Ends the child at once: its other threads hold who knows what. */
void run_exit(void) __attribute__((__noreturn__));

#endif /* PAGESIM_RUNNER_RUN_H */
