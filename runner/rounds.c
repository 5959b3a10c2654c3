// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * Rounds of a scenario on real threads, in a process of their own. The first
 * report ends it, where it stands: what other threads hold does not matter
 * any more.
 */
#include <stdio.h>
#include <pagesim/atomic.h>
#include <pagesim/cpu.h>
#include <pagesim/scenario.h>

#include "platform.h"
#include "run.h"

#define NR_PAGES 4096

static struct {
	const struct pagesim_scenario *scenario;
	const struct pagesim_variant *variant;
	unsigned long long seed; /* of this round */
	unsigned int nr_threads;
	unsigned int nr_ready; /* the last one starts them all */
	unsigned long tool_errors; /* before the first round */
} round_;

/* memcheck was first, and calls nobody. */
static void take_tool_errors(void)
{
	if (run_tool_errors() != round_.tool_errors)
		run_found(PAGESIM_USE_AFTER_FREE, "memcheck: an error");
}

static void take_report(const struct pagesim_report *report,
			void *data __maybe_unused)
{
	const char *kind = pagesim_report_kind_name(report->kind);

	pr_warn("%s: %s at %s:%d %s()\n", kind, report->rule, report->file,
		report->line, report->func);
	take_tool_errors();
	run_found(pagesim_verdict_of(report->kind), "%s: %s at %s:%d %s()",
		  kind, report->rule, report->file, report->line, report->func);
	run_exit();
}

static void body(void *arg)
{
	unsigned long i = (unsigned long)arg;

	pagesim_delay_seed(round_.seed + i);
	__atomic_fetch_add(&round_.nr_ready, 1, __ATOMIC_ACQ_REL);
	while (smp_load_acquire(&round_.nr_ready) < round_.nr_threads)
		platform_yield();
	round_.scenario->threads[i].fn();
}

static bool run_threads(void)
{
	struct pagesim_thread threads[PAGESIM_MAX_SCENARIO_THREADS];
	const struct pagesim_body *bodies = round_.scenario->threads;

	round_.nr_ready = 0;
	for (unsigned long i = 0; i < round_.nr_threads; i++)
		if (pagesim_thread_create(&threads[i], bodies[i].name, body,
					  (void *)i))
			return false;
	for (unsigned int i = 0; i < round_.nr_threads; i++)
		pagesim_thread_join(&threads[i]);
	return true;
}

/* False if it could not be run. */
static bool run_round(void)
{
	if (!run_boot(round_.scenario, round_.variant, NR_PAGES))
		return false;
	round_.scenario->setup(round_.variant);
	if (!run_threads())
		return false;
	if (round_.scenario->finish)
		round_.scenario->finish();
	run_check();
	pagesim_shutdown();
	return true;
}

static double now(void)
{
	return (double)platform_time_ns() / 1e9;
}

const unsigned int run_modes = BIT(PAGESIM_MODE_STRESS);

void run_in_child(const struct pagesim_scenario *scenario,
		  const struct pagesim_variant *variant,
		  const struct pagesim_run_options *options)
{
	unsigned long max = options->max_execs ? options->max_execs : ~0UL;
	double end = options->max_time ? now() + options->max_time : 0;

	round_.scenario = scenario;
	round_.variant = variant;
	round_.nr_threads = pagesim_scenario_nr_threads(scenario);
	round_.tool_errors = run_tool_errors();
	run_expects_races = variant->races_besides;
	pagesim_set_report_handler(take_report, NULL);
	pagesim_delays(true);
	while (current_run->executions < max && (!end || now() < end)) {
		round_.seed = options->seed + current_run->executions;
		if (!run_round()) {
			run_cannot(pagesim_error());
			return;
		}
		take_tool_errors();
		if (smp_load_acquire(&current_run->state) != RUN_GOES_ON)
			return;
		__atomic_fetch_add(&current_run->executions, 1,
				   __ATOMIC_RELAXED);
	}
	smp_store_release(&current_run->state, RUN_THROUGH);
}
