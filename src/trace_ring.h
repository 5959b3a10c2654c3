/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* The ring that tracepoints write to: no lock, the oldest is overwritten. */
#ifndef PAGESIM_SRC_TRACE_RING_H
#define PAGESIM_SRC_TRACE_RING_H

#include <pagesim/tracepoint.h>

/* Takes one of the last size, or of the default one. 0 or -ENOMEM, -EINVAL. */
int trace_ring_make(void);

/*
 * A writer's two steps: a number and its slot, or NULL if that is another's;
 * and the record is there.
 */
struct trace_slot;
struct trace_slot *trace_ring_begin(u64 *n);
void trace_ring_commit(struct trace_slot *slot, u64 n,
		       const struct pagesim_trace_record *record);

/* Both. Context: any. Takes no CPU, orders nothing. Without a ring nothing. */
void trace_ring_write(const struct tracepoint *tp, const u64 *values,
		      size_t nr);

/*
 * Copies the records that are there, sorted by time, to memory that the
 * caller frees. Returns how many, or -ENOMEM. *written counts all that there
 * ever were since the last clear.
 */
long trace_ring_read(struct pagesim_trace_record **records,
		     unsigned long *written);

#endif /* PAGESIM_SRC_TRACE_RING_H */
