/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* A traced machine, its trace as text, and what is looked for in it. */
#ifndef PAGESIM_TEST_TRACE_H
#define PAGESIM_TEST_TRACE_H

#include <pagesim/tracepoint.h>

static char trace_text[1 << 20];

/* By one of the printing functions. */
static inline const char *print_trace(int (*fn)(FILE *))
{
	FILE *out;

	memset(trace_text, 0, sizeof(trace_text));
	out = fmemopen(trace_text, sizeof(trace_text) - 1, "w");
	assert_int_equal(fn(out), 0);
	fclose(out);
	return trace_text;
}

static inline int shutdown_traced(void **state)
{
	pagesim_trace_disable("*");
	return pagesim_trace_resize(1UL << 16) || shutdown_machine(state);
}

/* cpus.h's machine, and main() has CPU 0 from the start. */
#define traced_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_traced, shutdown_traced)

static inline int boot_traced(void **state)
{
	int err = boot_cpus(state);

	return err ? err : (int)smp_processor_id();
}

/*
 * The events since the last call are these: lines of "event: fields", each
 * with its newline.
 */
static inline void assert_events(const char *expected)
{
	char *events = malloc(sizeof(trace_text));
	char *line, *rest = trace_text;
	size_t len = 0;

	print_trace(pagesim_trace_print_ftrace);
	events[0] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		/* Behind the time, which is the first with a point. */
		char *event = line[0] == '#' ? NULL : strchr(line, ']');

		event = event ? strstr(event, ": ") : NULL;
		if (event)
			len += (size_t)sprintf(events + len, "%s\n", event + 2);
	}
	assert_string_equal(events, expected);
	free(events);
	pagesim_trace_clear();
}

#endif /* PAGESIM_TEST_TRACE_H */
