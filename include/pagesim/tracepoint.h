/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Tracepoints: what happened, in the order in which it did, with the kernel's
 * event and field names.
 *
 * Models: include/linux/tracepoint.h, include/linux/tracepoint-defs.h,
 * kernel/trace/trace.c and trace_output.c (the text) at v6.12. The events are
 * declared in trace_events.h (rcu, lock) and trace_events_mm.h (page_ref,
 * kmem, writeback).
 *
 * Each event is off at first and costs one load and one branch that is not
 * taken. One that is on puts a record of fixed size into a ring, which
 * overwrites its oldest.
 *
 * If sys/sdt.h was found (PAGESIM_USDT), an event is also a static probe of
 * provider "pagesim", with its fields as arguments: one nop, to which perf,
 * bpftrace or gdb attach in a running process. That turns the tracepoint on
 * without the ring.
 *
 * A tracepoint lies where the kernel has it, so a page_ref event comes after
 * its operation: between the two another CPU may have done its own, and have
 * told of it first. What is exact is the value that the event tells of.
 *
 * Differs from the kernel:
 *  - A tracepoint is no patched jump but a load, a test and a branch.
 *  - PAGESIM_TRACE (CMake) builds all of them, where the kernel has
 *    CONFIG_DEBUG_PAGE_REF for those of page_ref alone. Without it they are
 *    nothing, and there are none to be turned on.
 *  - One ring of 128-byte records for all CPUs, not one each. A record that
 *    meets a slow writer of the ring's last round is lost and counted.
 *  - Pointers are shown as they are, functions too.
 *
 * Tracing orders nothing between the threads that are traced, so that it
 * hides no data race from ThreadSanitizer.
 *
 * The ring and what is on are the process's: neither pagesim_boot() nor
 * pagesim_shutdown() changes them, and both can be traced.
 */
#ifndef PAGESIM_TRACEPOINT_H
#define PAGESIM_TRACEPOINT_H

#include <stdbool.h>
#include <stdio.h>
#include <pagesim/compiler.h>
#include <pagesim/types.h>

#ifndef PAGESIM_TRACE
#define PAGESIM_TRACE 0
#endif

/* ---- for users ---- */

/*
 * Turns on the events whose "system:name" matches the pattern of fnmatch(3):
 * "page_ref:*", "kmem:mm_page_alloc"; or whose name does, if the pattern has
 * no colon. Context: any. Returns how many match, or
 *   -ENOENT  none does, or the library is built without
 *   -ENOMEM  the host has no room for the ring
 * and pagesim_error() says which in a line. An event can be on already.
 */
int pagesim_trace_enable(const char *pattern);
/* Off again; the records stay. An event under way may still come. */
int pagesim_trace_disable(const char *pattern);

/* Forgets the records, and how many were lost. Context: any. */
void pagesim_trace_clear(void);

/*
 * Makes the ring one of nr records or some more, a power of two (2^16 until
 * then), and empty. Returns 0 or -ENOMEM, -EINVAL. Context: no event is on,
 * and none under way.
 */
int pagesim_trace_resize(unsigned long nr);

/* How many records were overwritten or not written since the last clear. */
unsigned long pagesim_trace_lost(void);

/*
 * All records, oldest first, as ftrace's text: task and CPU, what it was in
 * ("d" interrupts off, "b" bottom halves, "h" in an interrupt, "s" in a
 * softirq), seconds, event, fields. A thread has its CPU's number and 1 as
 * its pid. One without a CPU is shown on CPU 63.
 * Context: any; what is written meanwhile may be there or not.
 * Returns 0, or -ENOMEM.
 */
int pagesim_trace_print_ftrace(FILE *out);

/*
 * The same as JSON in Chrome's trace-event format, which ui.perfetto.dev
 * opens: an instant each, a row per CPU.
 */
int pagesim_trace_print_chrome(FILE *out);

/* A line "system:name" for each event, and " on" after those that are on. */
void pagesim_trace_list(FILE *out);

/* ---- records, for who wants to look at them by himself ---- */

#define PAGESIM_TRACE_MAX_FIELDS 8

/* Prints a field's value into buf, as the kernel's TP_printk does. */
typedef void (*pagesim_trace_show_t)(char *buf, size_t size, u64 value);

struct tracepoint {
	const char *system, *name;
	/* What TP_printk prints, a '$' for each field. */
	const char *format;
	/* On while it is not 0. */
	u32 *key;
	struct pagesim_trace_field {
		const char *name;
		pagesim_trace_show_t show;
	} field[PAGESIM_TRACE_MAX_FIELDS];
};

enum {
	PAGESIM_TRACE_IRQS_OFF = 1 << 0,
	PAGESIM_TRACE_BH_OFF = 1 << 1,
	PAGESIM_TRACE_HARDIRQ = 1 << 2,
	PAGESIM_TRACE_SOFTIRQ = 1 << 3,
};

struct pagesim_trace_record {
	u64 time; /* ns, of the platform's clock */
	u64 nr; /* in the order of writing */
	const struct tracepoint *tp;
	u32 cpu;
	u32 context; /* PAGESIM_TRACE_... */
	char task[24];
	u64 value[PAGESIM_TRACE_MAX_FIELDS]; /* signed ones extended */
};

/*
 * Calls fn for each record, by time. Context: as the printing functions.
 * Returns how many, or -ENOMEM.
 */
long pagesim_trace_for_each(
	void (*fn)(const struct pagesim_trace_record *record, void *data),
	void *data);

/* ---- for headers that declare events ---- */

/*
 * The key's name is that of the semaphore which sys/sdt.h wants for a probe:
 * who attaches counts it up, and so turns the tracepoint on.
 */
#define DECLARE_TRACEPOINT(name)               \
	extern u32 pagesim_##name##_semaphore; \
	extern const struct tracepoint __tracepoint_##name

#if PAGESIM_TRACE
#define tracepoint_enabled(name) \
	unlikely(PAGESIM_READ_STABLE(pagesim_##name##_semaphore))
#else
#define tracepoint_enabled(name) false
#endif

#endif /* PAGESIM_TRACEPOINT_H */
