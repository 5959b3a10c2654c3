/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* How a source defines tracepoints, and what happens at one that is on. */
#ifndef PAGESIM_SRC_TRACE_DEFINE_H
#define PAGESIM_SRC_TRACE_DEFINE_H

#include <pagesim/tracepoint.h>

#include "trace_ring.h"

#if PAGESIM_USDT
#define SDT_USE_VARIADIC
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>
#define TRACE_PROBE(name, ...) STAP_PROBEV(pagesim, name, __VA_ARGS__)
#else
#define TRACE_PROBE(name, ...) ((void)0)
#endif

/*
 * A key is a word in two halves: the first in memory is the probe's semaphore
 * and counts who is attached, the other is the ring's.
 */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TRACE_KEY_RING 0x10000u
#else
#define TRACE_KEY_RING 1u
#endif

/*
 * DEFINE_TRACEPOINT(system, name, format, { "field", show }, ...). A pointer
 * to it goes into a section, which is the table of all that are linked in.
 */
#define DEFINE_TRACEPOINT(sys, tp, fmt, ...)                              \
	u32 pagesim_##tp##_semaphore __attribute__((section(".probes"))); \
	const struct tracepoint __tracepoint_##tp = {                     \
		.system = #sys,                                           \
		.name = #tp,                                              \
		.format = fmt,                                            \
		.key = &pagesim_##tp##_semaphore,                         \
		.field = { __VA_ARGS__ },                                 \
	};                                                                \
	static const struct tracepoint *__tracepoint_ptr_##tp             \
		__attribute__((used, section("pagesim_tracepoints"))) =   \
			&__tracepoint_##tp

/* The values in the order of the fields; each is evaluated twice. */
#define TRACE_RECORD(tp, ...)                                             \
	do {                                                              \
		const u64 __values[] = { __VA_ARGS__ };                   \
                                                                          \
		if (READ_ONCE(pagesim_##tp##_semaphore) & TRACE_KEY_RING) \
			trace_ring_write(&__tracepoint_##tp, __values,    \
					 ARRAY_SIZE(__values));           \
		TRACE_PROBE(tp, __VA_ARGS__);                             \
	} while (0)

/* ---- how values are shown ---- */

struct trace_flag {
	unsigned long mask;
	const char *name;
};

void trace_show_int(char *buf, size_t size, u64 value);
void trace_show_hex(char *buf, size_t size, u64 value);
void trace_show_ptr(char *buf, size_t size, u64 value);
void trace_show_str(char *buf, size_t size, u64 value); /* a static string */

/*
 * The names of the masks that are all there, first come first served, with a
 * "|" between; what is left over as a number. none if value is 0.
 */
void trace_show_flags(char *buf, size_t size, u64 value, const char *none,
		      const struct trace_flag *flags, size_t nr);

#endif /* PAGESIM_SRC_TRACE_DEFINE_H */
