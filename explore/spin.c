// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Threads that spin, found without a word of theirs.
 *
 * A thread that stands at an operation consists of its callee-saved
 * registers, its stack and the memory that it wrote (fiber.c). If it comes
 * to the same place with the same registers and stack, and has only read in
 * between, then the same values lead there again and for ever. So the reads
 * since the last change are kept, and where a place comes back among them
 * the states are compared. States are only taken at places that came back
 * at least once; an engine starts over when there is a new one
 * (spin_nr_sites()), and thus sees no round of a loop more than needed.
 *
 * A thread that calls cpu_relax() or sched_yield() says itself that it waits
 * for a change, even if it counts its rounds.
 */
#include <string.h>

#include "runtime.h"

enum {
	MAX_SITES = 256
};

static const void *sites[MAX_SITES] EX_STATE = {};
static int nr_sites EX_STATE = 0;
static uint64_t site_filter EX_STATE = 0; /* one bit for several sites */

int spin_nr_sites(void)
{
	return nr_sites;
}

static inline uint64_t filter_bit(const void *pc)
{
	return 1ull << (((uintptr_t)pc >> 1) & 63);
}

static bool is_site(const void *pc)
{
	int i;

	if (!(site_filter & filter_bit(pc)))
		return false;
	for (i = 0; i < nr_sites; i++) {
		if (sites[i] == pc)
			return true;
	}
	return false;
}

static void add_site(const void *pc)
{
	if (nr_sites == MAX_SITES || is_site(pc))
		return;
	sites[nr_sites++] = pc;
	site_filter |= filter_bit(pc);
}

static inline uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

/* In four lanes, because a multiplication takes its time. */
static uint64_t state_of(struct ex_thread *t)
{
	const uint64_t *word = t->sp;
	const uint64_t *top = (const uint64_t *)(t->stack + t->stack_size);
	uint64_t h = t->op.kind, a = (uint64_t)t->sp, b = 1, c = 2, d = 3;

	if (t->op.kind == EX_CMPXCHG)
		h = mix(mix(h, t->op.expected), t->op.arg);
	for (; top - word >= 4; word += 4) {
		a = mix(a, word[0]);
		b = mix(b, word[1]);
		c = mix(c, word[2]);
		d = mix(d, word[3]);
	}
	while (word < top)
		a = mix(a, *word++);
	h = mix(h, (uint64_t)t->op.addr);
	return mix(mix(mix(mix(h, a), b), c), d) | 1;
}

static bool is_read(const struct ex_op *op, uint64_t result)
{
	if (op->flags & EX_AWAIT)
		return false;
	return op->kind == EX_LOAD ||
	       (op->kind == EX_CMPXCHG && result != op->expected);
}

void spin_done(struct ex_thread *t, uint64_t result)
{
	struct fiber *fiber = t->fiber;
	struct spin_read *read;

	if (!is_read(&t->op, result)) {
		if (t->op.kind != EX_FENCE)
			fiber->nr_reads = 0;
		return;
	}
	if (fiber->nr_reads == EX_MAX_WAITS) {
		/* The oldest read of a long way belongs to no loop. */
		memmove(fiber->reads, fiber->reads + 1,
			sizeof(fiber->reads[0]) * (EX_MAX_WAITS - 1));
		fiber->nr_reads--;
	}
	read = &fiber->reads[fiber->nr_reads++];
	read->pc = t->op.pc;
	read->state = t->state;
	read->read.addr = t->op.addr;
	read->read.value = result;
	read->read.size = t->op.size;
}

/* It waits for a change of what it read since the read of that number. */
static void wait_since(struct ex_thread *t, int first)
{
	struct fiber *fiber = t->fiber;
	int i;

	t->nr_waits = 0;
	for (i = first; i < fiber->nr_reads; i++)
		t->waits[t->nr_waits++] = fiber->reads[i].read;
	t->op.flags |= EX_SPINS;
	fiber->nr_reads = 0;
}

/* It does what it did last, which was to read: as if it had not done so. */
static void again(struct ex_thread *t)
{
	struct fiber *fiber = t->fiber;

	fiber->nr_reads--;
	t->state = fiber->reads[fiber->nr_reads].state;
	t->op.flags |= EX_AGAIN;
}

/*
 * A thread that said that it waits and looks at the same word: a round, even
 * if it is counted, or is the first one and was compiled apart.
 */
static bool arrive_relaxed(struct ex_thread *t)
{
	struct fiber *fiber = t->fiber;
	const struct spin_read *last = &fiber->reads[fiber->nr_reads - 1];

	if (last->read.addr != t->op.addr || t->looked) {
		wait_since(t, 0);
		return true;
	}
	if (!last->state) {
		add_site(last->pc);
		return false;
	}
	again(t);
	return true;
}

void spin_arrive(struct ex_thread *t)
{
	struct fiber *fiber = t->fiber;
	bool relaxed = fiber->relaxed, site;
	int i;

	fiber->relaxed = false;
	if (t->changed)
		fiber->nr_reads = 0;
	if (!fiber->nr_reads && !site_filter)
		return;
	site = is_site(t->op.pc);
	if (site)
		t->state = state_of(t);
	if (relaxed && fiber->nr_reads && arrive_relaxed(t))
		return;
	for (i = fiber->nr_reads - 1; i >= 0; i--) {
		if (fiber->reads[i].pc != t->op.pc)
			continue;
		if (!site) {
			add_site(t->op.pc);
			break;
		}
		if (fiber->reads[i].state != t->state)
			continue;
		if (i == fiber->nr_reads - 1 && !t->looked)
			again(t);
		else
			wait_since(t, i);
		return;
	}
}
