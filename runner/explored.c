// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * A scenario under the explorer: setup once, then the threads, finish() and
 * shutdown in every execution, from the same memory. A report ends it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <pagesim/cpu.h>
#include <pagesim/scenario.h>

#include "engine.h"
#include "run.h"
#include "runtime.h"
#include "select.h"
#include "trace.h"

/* What a check walks, and what is put back, for each execution. */
#define NR_PAGES 64

const unsigned int run_modes = BIT(PAGESIM_MODE_EXPLORE) |
			       BIT(PAGESIM_MODE_PCT) | BIT(PAGESIM_MODE_RANDOM);

static const struct pagesim_scenario *explored EX_STATE = NULL;

/* Of the report that ended an execution. */
static enum pagesim_verdict reported EX_STATE = PAGESIM_CLEAN;

static void take_report(const struct pagesim_report *report,
			void *data __maybe_unused)
{
	const char *kind = pagesim_report_kind_name(report->kind);

	if (ex_active()) {
		reported = pagesim_verdict_of(report->kind);
		ex_die(EX_REPORT, "%s: %s at %s:%d %s()", kind, report->rule,
		       report->file, report->line, report->func);
	}
	run_found(pagesim_verdict_of(report->kind), "%s: %s at %s:%d %s()",
		  kind, report->rule, report->file, report->line, report->func);
	run_exit();
}

static void body(void *arg)
{
	explored->threads[(unsigned long)arg].fn();
}

static int execution(void *arg __maybe_unused)
{
	struct pagesim_thread threads[PAGESIM_MAX_SCENARIO_THREADS];
	unsigned int nr = pagesim_scenario_nr_threads(explored);

	for (unsigned long i = 0; i < nr; i++)
		if (pagesim_thread_create(&threads[i],
					  explored->threads[i].name, body,
					  (void *)i))
			BUG();
	for (unsigned int i = 0; i < nr; i++)
		pagesim_thread_join(&threads[i]);
	if (explored->finish)
		explored->finish();
	run_check();
	pagesim_shutdown();
	return 0;
}

static enum pagesim_verdict verdict_of(enum ex_verdict verdict)
{
	switch (verdict) {
	case EX_CLEAN:
		return PAGESIM_CLEAN;
	case EX_ASSERTION:
		return PAGESIM_ASSERTION;
	case EX_DATA_RACE:
		return PAGESIM_DATA_RACE;
	case EX_DEADLOCK:
		return PAGESIM_DEADLOCK;
	case EX_LIVELOCK:
		return PAGESIM_LIVELOCK;
	case EX_USE_AFTER_FREE:
		return PAGESIM_USE_AFTER_FREE;
	case EX_DOUBLE_FREE:
		return PAGESIM_DOUBLE_FREE;
	case EX_LEAK:
		return PAGESIM_LEAK;
	case EX_INCOMPLETE:
		return PAGESIM_INCOMPLETE;
	case EX_REPORT:
		return reported;
	default: /* a crash, abort(), a lock that is not held */
		return PAGESIM_BUG_ON;
	}
}

static void set_options(const struct pagesim_variant *variant,
			const struct pagesim_run_options *options)
{
	static const enum ex_mode modes[PAGESIM_NR_MODES] = {
		[PAGESIM_MODE_EXPLORE] = EX_EXPLORE,
		[PAGESIM_MODE_PCT] = EX_PCT,
		[PAGESIM_MODE_RANDOM] = EX_RANDOM,
	};
	static const enum ex_model models[PAGESIM_NR_MODELS] = {
		[PAGESIM_SC] = EX_SC,
		[PAGESIM_TSO] = EX_TSO,
		[PAGESIM_WEAK] = EX_WEAK,
	};

	ex_options.mode = modes[options->mode];
	ex_options.model = models[options->model];
	ex_options.max_execs = options->max_execs;
	ex_options.max_time = options->max_time;
	ex_options.seed = options->seed;
	ex_options.pct_depth = 5;
	ex_options.races = !variant->races_besides;
	ex_options.leaks = true;
	ex_options.trace = options->trace;
}

/* The lanes go where all reports go. */
static bool print_lanes(const struct ex_result *result)
{
	fflush(stdout);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	return trace_print_result(result);
}

static void tell(const struct ex_result *result)
{
	struct run *run = current_run;
	bool written;

	run->executions = result->executions;
	run->blocked = result->blocked;
	if (result->verdict == EX_NONDETERMINISM ||
	    result->verdict == EX_LIMIT) {
		run_cannot(result->text);
		return;
	}
	if (result->verdict == EX_CLEAN || result->verdict == EX_INCOMPLETE) {
		run->incomplete = result->verdict == EX_INCOMPLETE;
		if (run->incomplete)
			snprintf(run->report, sizeof(run->report),
				 "the bound of %s was hit",
				 result->bound ? result->bound : "?");
		__atomic_store_n(&run->state, RUN_THROUGH, __ATOMIC_RELEASE);
		return;
	}
	written = print_lanes(result);
	run->has_trace = written && ex_options.trace;
	run_found(verdict_of(result->verdict), "%s", result->text);
}

/* Boots, sets up, explores. False, with pagesim_error(), if it cannot. */
static bool explore(const struct pagesim_scenario *scenario,
		    const struct pagesim_variant *variant,
		    struct ex_result *result)
{
	static char program[256] EX_STATE = "";

	explored = scenario;
	snprintf(program, sizeof(program), "%s %s", scenario->name,
		 variant->name);
	ex_options.program = program;
	pagesim_set_report_handler(take_report, NULL);
	if (!run_boot(scenario, variant, NR_PAGES))
		return false;
	scenario->setup(variant);
	ex_explore(execution, NULL, result);
	return true;
}

void run_in_child(const struct pagesim_scenario *scenario,
		  const struct pagesim_variant *variant,
		  const struct pagesim_run_options *options)
{
	struct ex_result result;

	set_options(variant, options);
	if (explore(scenario, variant, &result))
		tell(&result);
	else
		run_cannot(pagesim_error());
}

/* ---- replay ---- */

/* The line of the trace that begins with the word, without it. */
static bool trace_line(const char *file, const char *word, char *text,
		       size_t size)
{
	FILE *in = fopen(file, "r");
	size_t len = strlen(word);
	bool found = false;
	char line[512];

	while (in && !found && fgets(line, sizeof(line), in))
		if (!strncmp(line, word, len) && line[len] == ' ') {
			line[strcspn(line, "\n")] = 0;
			snprintf(text, size, "%s", line + len + 1);
			found = true;
		}
	if (in)
		fclose(in);
	return found;
}

static const struct pagesim_variant *
variant_of(const struct pagesim_scenario *scenario, const char *program)
{
	size_t len = strlen(scenario->name);
	const struct pagesim_variant *variant;

	if (strncmp(program, scenario->name, len) || program[len] != ' ')
		return NULL;
	for (variant = scenario->variants; variant->name; variant++)
		if (!strcmp(variant->name, program + len + 1))
			return variant;
	return NULL;
}

static int replay(const char *file, const struct pagesim_scenario *scenario,
		  const struct pagesim_variant *variant, const char *verdict)
{
	struct pagesim_run_options options;
	struct ex_result result;

	pagesim_run_options_init(&options);
	options.mode = PAGESIM_MODE_EXPLORE;
	options.trace = file;
	set_options(variant, &options);
	ex_options.mode = EX_REPLAY;
	if (!explore(scenario, variant, &result)) {
		fprintf(stderr, "pagesim: %s\n", pagesim_error());
		return STATUS_USAGE;
	}
	if (result.verdict == EX_NONDETERMINISM) {
		fprintf(stderr, "pagesim: %s: is of another build: %s\n", file,
			result.text);
		return STATUS_USAGE;
	}
	trace_print_result(&result);
	return strcmp(ex_verdict_name(result.verdict), verdict)
		       ? STATUS_UNEXPECTED
		       : STATUS_OK;
}

int pagesim_replay_main(int argc, char **argv,
			const struct pagesim_scenario *const *scenarios)
{
	const struct pagesim_variant *variant;
	char program[256], verdict[64];

	if (argc != 2 || argv[1][0] == '-') {
		fputs("usage: pagesim replay FILE\n"
		      "\n"
		      "Runs the execution that check --trace FILE wrote, once. In gdb:\n"
		      "  gdb --args pagesim-explore replay FILE\n"
		      "  break pagesim_explore_failed\n",
		      argc == 2 && !strcmp(argv[1], "--help") ? stdout
							      : stderr);
		return argc == 2 && !strcmp(argv[1], "--help") ? STATUS_OK
							       : STATUS_USAGE;
	}
	if (!trace_line(argv[1], "program", program, sizeof(program)) ||
	    !trace_line(argv[1], "verdict", verdict, sizeof(verdict))) {
		fprintf(stderr, "pagesim: %s: is no trace of a scenario\n",
			argv[1]);
		return STATUS_USAGE;
	}
	for (; *scenarios; scenarios++) {
		variant = variant_of(*scenarios, program);
		if (variant)
			return replay(argv[1], *scenarios, variant, verdict);
	}
	fprintf(stderr,
		"pagesim: %s: there is no scenario and variant \"%s\"\n",
		argv[1], program);
	return STATUS_USAGE;
}
