// SPDX-License-Identifier: MIT
// Floor: 1
/*
 * A record has a number, and its slot is the number modulo the ring's size.
 * The slot says what is in it:
 *   0       nothing yet
 *   2n + 1  record n is being written
 *   2n + 2  record n is there
 *
 * A writer that finds another's record being written does not wait: its own
 * is lost. Nobody but the reader acquires what a writer releases, so that
 * traced threads do not become ordered. Words are stored with release instead
 * of after a barrier, which ThreadSanitizer would take for one of theirs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <pagesim/atomic.h>

#include "cpu.h"
#include "error.h"
#include "platform.h"
#include "trace_ring.h"

#define DEFAULT_NR (1UL << 16)
#define MAX_NR (1UL << 32)
#define NR_WORDS (sizeof(struct pagesim_trace_record) / sizeof(u64))

struct trace_slot {
	u64 state;
	u64 word[NR_WORDS];
} __aligned(128);

static struct {
	struct trace_slot *slots; /* stored last */
	unsigned long nr; /* a power of two */
	u64 next; /* number of the next record */
	u64 first; /* those before it were cleared */
} ring = { .nr = DEFAULT_NR };

int trace_ring_make(void)
{
	struct trace_slot *none = NULL, *slots;

	if (smp_load_acquire(&ring.slots))
		return 0;
	slots = platform_reserve(ring.nr * sizeof(*slots), PAGE_SIZE);
	if (!slots)
		return set_error(-ENOMEM,
				 "the host has no room for %lu records",
				 ring.nr);
	if (!try_cmpxchg_release(&ring.slots, &none, slots))
		platform_release(slots, ring.nr * sizeof(*slots));
	return 0;
}

int pagesim_trace_resize(unsigned long nr)
{
	if (!nr || nr > MAX_NR)
		return set_error(-EINVAL, "a ring of %lu records cannot be",
				 nr);
	if (ring.slots)
		platform_release(ring.slots, ring.nr * sizeof(*ring.slots));
	WRITE_ONCE(ring.slots, (struct trace_slot *)NULL);
	for (ring.nr = 1; ring.nr < nr;)
		ring.nr <<= 1;
	pagesim_trace_clear();
	return trace_ring_make();
}

void pagesim_trace_clear(void)
{
	WRITE_ONCE(ring.first, READ_ONCE(ring.next));
}

/* ---- in ---- */

static void fill(struct pagesim_trace_record *record, const u64 *values,
		 size_t nr)
{
	const struct pagesim_cpu *cpu = cpu_if_any();

	static_assert(sizeof(record->task) == sizeof(cpu->name),
		      "copied as it is");
	memset(record, 0, sizeof(*record));
	record->time = platform_time_ns();
	memcpy(record->value, values, nr * sizeof(*values));
	if (!cpu) {
		record->cpu = MAX_CPUS;
		memcpy(record->task, "<...>", sizeof("<...>"));
		return;
	}
	record->cpu = cpu->id;
	memcpy(record->task, cpu->name, sizeof(record->task));
	if (cpu->irqs_off)
		record->context |= PAGESIM_TRACE_IRQS_OFF;
	if (cpu->bh_disabled)
		record->context |= PAGESIM_TRACE_BH_OFF;
	if (cpu->hardirq)
		record->context |= PAGESIM_TRACE_HARDIRQ;
	if (cpu->softirq)
		record->context |= PAGESIM_TRACE_SOFTIRQ;
}

/* Whether the slot is the caller's, for record n. */
static bool claim(struct trace_slot *slot, u64 n)
{
	u64 state = READ_ONCE(slot->state);

	return !(state & 1) && state < 2 * n + 1 &&
	       try_cmpxchg_relaxed(&slot->state, &state, 2 * n + 1);
}

struct trace_slot *trace_ring_begin(u64 *n)
{
	struct trace_slot *slots = smp_load_acquire(&ring.slots);
	struct trace_slot *slot;

	if (!slots)
		return NULL;
	*n = __atomic_fetch_add(&ring.next, 1, __ATOMIC_RELAXED);
	slot = &slots[*n & (ring.nr - 1)];
	return claim(slot, *n) ? slot : NULL;
}

void trace_ring_commit(struct trace_slot *slot, u64 n,
		       const struct pagesim_trace_record *record)
{
	u64 word[NR_WORDS];

	static_assert(sizeof(*record) == sizeof(word), "whole words");
	memcpy(word, record, sizeof(word));
	for (size_t i = 0; i < NR_WORDS; i++)
		smp_store_release(&slot->word[i], word[i]);
	smp_store_release(&slot->state, 2 * n + 2);
}

void trace_ring_write(const struct tracepoint *tp, const u64 *values, size_t nr)
{
	struct pagesim_trace_record record;
	struct trace_slot *slot;

	fill(&record, values, nr);
	record.tp = tp;
	slot = trace_ring_begin(&record.nr);
	if (slot)
		trace_ring_commit(slot, record.nr, &record);
}

/* ---- out ---- */

/* False if record n is not there, or not any more. */
static bool read_slot(struct trace_slot *slot, u64 n,
		      struct pagesim_trace_record *record)
{
	u64 word[NR_WORDS];

	if (smp_load_acquire(&slot->state) != 2 * n + 2)
		return false;
	for (size_t i = 0; i < NR_WORDS; i++)
		word[i] = smp_load_acquire(&slot->word[i]);
	if (READ_ONCE(slot->state) != 2 * n + 2)
		return false;
	memcpy(record, word, sizeof(*record));
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct pagesim_trace_record *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->nr < y->nr ? -1 : 1;
}

long trace_ring_read(struct pagesim_trace_record **records,
		     unsigned long *written)
{
	struct trace_slot *slots = smp_load_acquire(&ring.slots);
	u64 first = READ_ONCE(ring.first);
	u64 next = READ_ONCE(ring.next);
	long nr = 0;

	*written = next - first;
	if (next - first > ring.nr)
		first = next - ring.nr;
	*records = malloc((next - first + 1) * sizeof(**records));
	if (!*records)
		return set_error(-ENOMEM, "no memory for %lu records",
				 (unsigned long)(next - first));
	for (; slots && first < next; first++)
		if (read_slot(&slots[first & (ring.nr - 1)], first,
			      *records + nr))
			nr++;
	qsort(*records, (size_t)nr, sizeof(**records), by_time);
	return nr;
}

unsigned long pagesim_trace_lost(void)
{
	struct pagesim_trace_record *records;
	unsigned long written;
	long nr = trace_ring_read(&records, &written);

	if (nr < 0)
		return 0;
	free(records);
	return written - (unsigned long)nr;
}

long pagesim_trace_for_each(
	void (*fn)(const struct pagesim_trace_record *record, void *data),
	void *data)
{
	struct pagesim_trace_record *records;
	unsigned long written;
	long nr = trace_ring_read(&records, &written);

	for (long i = 0; i < nr; i++)
		fn(&records[i], data);
	if (nr >= 0)
		free(records);
	return nr;
}
