// SPDX-License-Identifier: MIT
// Floor: 1
/* Which tracepoints there are, and turning them on. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <pagesim/tracepoint.h>

#include "error.h"
#include "trace_define.h"

/* The linker's, around the pointers of DEFINE_TRACEPOINT(). */
extern const struct tracepoint *__start_pagesim_tracepoints[]
	__attribute__((weak));
extern const struct tracepoint *__stop_pagesim_tracepoints[]
	__attribute__((weak));

static bool matches(const struct tracepoint *tp, const char *pattern)
{
	char name[128];

	if (!strchr(pattern, ':'))
		return !fnmatch(pattern, tp->name, 0);
	snprintf(name, sizeof(name), "%s:%s", tp->system, tp->name);
	return !fnmatch(pattern, name, 0);
}

/* Returns how many match. */
static int set_keys(const char *pattern, bool on)
{
	int nr = 0;

	for (const struct tracepoint **tp = __start_pagesim_tracepoints;
	     tp < __stop_pagesim_tracepoints; tp++) {
		if (!matches(*tp, pattern))
			continue;
		nr++;
		if (on)
			__atomic_fetch_or((*tp)->key, TRACE_KEY_RING,
					  __ATOMIC_RELAXED);
		else
			__atomic_fetch_and((*tp)->key, ~TRACE_KEY_RING,
					   __ATOMIC_RELAXED);
	}
	if (nr)
		return nr;
	return set_error(
		-ENOENT,
		PAGESIM_TRACE ? "no tracepoint is called %s"
			      : "built without tracepoints (PAGESIM_TRACE): %s",
		pattern);
}

int pagesim_trace_enable(const char *pattern)
{
	int err = trace_ring_make();

	return err ? err : set_keys(pattern, true);
}

int pagesim_trace_disable(const char *pattern)
{
	return set_keys(pattern, false);
}

void pagesim_trace_list(FILE *out)
{
	for (const struct tracepoint **tp = __start_pagesim_tracepoints;
	     tp < __stop_pagesim_tracepoints; tp++)
		fprintf(out, "%s:%s%s\n", (*tp)->system, (*tp)->name,
			READ_ONCE(*(*tp)->key) & TRACE_KEY_RING ? " on" : "");
}
