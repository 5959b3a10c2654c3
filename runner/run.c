// SPDX-License-Identifier: MIT
// Floor: 5
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <pagesim/atomic.h>
#include <pagesim/check.h>

#include "platform.h"
#include "run.h"

#define KMALLOC_BYTES (1UL << 20)

struct run *current_run;
bool run_expects_races;

static bool take_state(struct run *run)
{
	unsigned int goes_on = RUN_GOES_ON;

	return __atomic_compare_exchange_n(&run->state, &goes_on,
					   RUN_BEING_FOUND, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

bool run_found(enum pagesim_verdict verdict, const char *fmt, ...)
{
	struct run *run = current_run;
	va_list args;

	if (!run)
		return false;
	if (!take_state(run)) {
		/* The caller may end the process: not while another writes. */
		while (smp_load_acquire(&run->state) == RUN_BEING_FOUND)
			platform_yield();
		return false;
	}
	run->verdict = verdict;
	va_start(args, fmt);
	vsnprintf(run->report, sizeof(run->report), fmt, args);
	va_end(args);
	smp_store_release(&run->state, RUN_FOUND);
	return true;
}

void run_cannot(const char *why)
{
	struct run *run = current_run;

	if (!take_state(run))
		return;
	snprintf(run->report, sizeof(run->report), "%s", why);
	smp_store_release(&run->state, RUN_CANNOT);
}

/* gcov writes its counts at exit(), which is not to be reached here. */
extern void __gcov_dump(void) __attribute__((__weak__));

/* By a signal: at an exit the tools wait for threads, and look for leaks. */
void run_exit(void)
{
	run_tools_let_go();
	fflush(NULL);
	if (__gcov_dump)
		__gcov_dump();
	kill(getpid(), SIGKILL);
	_exit(1);
}

unsigned int pagesim_scenario_nr_threads(const struct pagesim_scenario *s)
{
	unsigned int nr = 0;

	while (nr < PAGESIM_MAX_SCENARIO_THREADS && s->threads[nr].fn)
		nr++;
	return nr;
}

bool run_boot(const struct pagesim_scenario *scenario,
	      const struct pagesim_variant *variant, unsigned long nr_pages)
{
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.nr_pages = nr_pages;
	config.kmalloc_bytes = KMALLOC_BYTES;
	config.nr_cpus = pagesim_scenario_nr_threads(scenario) + 1;
	if (scenario->configure)
		scenario->configure(variant, &config);
	return !pagesim_boot(&config);
}

void run_check(void)
{
	pagesim_check_allow(0); /* nobody is there who could hold a lock */
	if (pagesim_debug_tier < PAGESIM_DEBUG_FULL)
		pagesim_check();
}
