// SPDX-License-Identifier: MIT
// Floor: 5
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <pagesim/atomic.h>

#include "platform.h"
#include "run.h"

struct run *current_run;

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
