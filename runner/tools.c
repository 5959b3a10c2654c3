// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * What the tool that this build or process is under finds, becomes the run's
 * verdict. ThreadSanitizer and AddressSanitizer call functions of these
 * names, if a program has them; memcheck only counts.
 */
#include <string.h>
#include <pagesim/compiler.h>

#include "run.h"
#include "track.h"

unsigned int run_tools(void)
{
	unsigned int tools = 0;

	if (track_thread_sanitizer())
		tools |= PAGESIM_SEEN_BY_TSAN;
	if (track_address_sanitizer())
		tools |= PAGESIM_SEEN_BY_ASAN;
	if (track_valgrind())
		tools |= PAGESIM_SEEN_BY_MEMCHECK;
	return tools;
}

void run_tools_let_go(void)
{
	track_no_leak_check();
}

unsigned long run_tool_errors(void)
{
	return track_valgrind_errors();
}

/* A memory error in the sanitizers' words. */
static __maybe_unused enum pagesim_verdict verdict_of(const char *what)
{
	if (strstr(what, "race"))
		return PAGESIM_DATA_RACE;
	if (strstr(what, "double-free"))
		return PAGESIM_DOUBLE_FREE;
	if (strstr(what, "use-after"))
		return PAGESIM_USE_AFTER_FREE;
	return PAGESIM_BUG_ON;
}

#if defined(PAGESIM_TSAN)
int __tsan_get_report_data(void *report, const char **description, int *count,
			   int *stack_count, int *mop_count, int *loc_count,
			   int *mutex_count, int *thread_count,
			   int *unique_tid_count, void **sleep_trace,
			   unsigned long trace_size);
void __tsan_on_report(void *report);

void __tsan_on_report(void *report)
{
	const char *what = "";
	void *trace[1];
	int n;

	__tsan_get_report_data(report, &what, &n, &n, &n, &n, &n, &n, &n, trace,
			       1);
	if (verdict_of(what) != PAGESIM_DATA_RACE || !run_expects_races)
		run_found(verdict_of(what), "ThreadSanitizer: %s", what);
}
#endif

#if defined(__TRACK_ASAN)
void __asan_on_error(void);

void __asan_on_error(void)
{
	const char *what = __asan_get_report_description();

	run_found(verdict_of(what), "AddressSanitizer: %s", what);
}
#endif
