// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Engine A's two clocks of an event. order: which events it depends on, as
 * far as its thread's past and what it waited for go (what it depends on at
 * its location the search adds, after it looked for races there). hb: what
 * happens before it by the language.
 */
#include <string.h>

#include "dpor.h"
#include "location.h"

int dpor_count_of(int proc)
{
	const struct event *last = &machine.events[machine.last[proc]];

	return last->proc == proc ? last->index : 0;
}

/* A thread that spun depends on the first write that let it go on. */
static void order_after_first_write(struct event *e)
{
	const struct ex_thread *t = ex_thread(e->proc);
	int first = 0, since = machine.spins_since[e->proc], i, at;

	for (i = 0; i < t->nr_waits; i++) {
		at = machine.last_at[location_of(t->waits[i].addr,
						 t->waits[i].size)];
		for (; at > since; at = machine.events[at].before_there) {
			if (machine.events[at].writes && (!first || at < first))
				first = at;
		}
	}
	if (first)
		wide_join(&e->order, &machine.events[first].order);
}

void dpor_order_begin(struct event *e)
{
	struct event *events = machine.events;
	int *last = machine.last, other;

	e->order = events[last[e->proc]].order;
	if (is_buffer(e->proc)) {
		wide_join(&e->order, &events[e->stored].order);
	} else if (e->drained) {
		wide_join(&e->order, &events[last[buffer_of(e->proc)]].order);
	}
	if (e->op.flags & EX_SPINS)
		order_after_first_write(e);
	if (e->op.kind == EX_JOIN) {
		other = (int)e->op.arg;
		wide_join(&e->order, &events[last[other]].order);
		wide_join(&e->order, &events[last[buffer_of(other)]].order);
	}
	e->order.of[e->proc] = e->index;
}

static void hb_read(struct event *e, int order)
{
	const struct clock *released = &machine.events[e->from].released;

	if (ex_order_acquires(order))
		clock_join(&e->hb, released);
	else
		clock_join(&e->acquirable, released);
}

static void hb_write(struct event *e, int order, bool continues)
{
	if (ex_order_releases(order))
		e->released = e->hb;
	else if (e->fence)
		e->released = machine.events[e->fence].hb;
	else
		memset(&e->released, 0, sizeof(e->released));
	if (continues)
		clock_join(&e->released, &machine.events[e->from].released);
}

/* The thread's last event of the kind, 0: none. */
static int last_of_kind(int thread, int kind)
{
	int i;

	for (i = machine.nr; i > 0; i--) {
		if (machine.events[i].proc == thread &&
		    machine.events[i].op.kind == kind)
			break;
	}
	return i;
}

static void depend_on(struct event *e, const struct event *earlier)
{
	clock_join(&e->hb, &earlier->hb);
	wide_join(&e->order, &earlier->order);
}

/*
 * The end of a grace period comes after each section that ended before its
 * beginning, and after the end of those that were open then.
 */
static void grace_period_ends(struct event *e)
{
	int begin = last_of_kind(e->proc, EX_RCU_SYNC_BEGIN), i;
	uint32_t open = (uint32_t)machine.events[begin].result;

	for (i = 1; i <= machine.nr; i++) {
		const struct event *other = &machine.events[i];
		uint32_t bit = 1u << thread_of(other->proc);

		if (other->op.kind != EX_RCU_UNLOCK || is_buffer(other->proc))
			continue;
		if (i < begin || open & bit)
			depend_on(e, other);
		if (i > begin)
			open &= ~bit;
	}
}

/* A section comes after the beginning of each earlier grace period. */
static void section_begins(struct event *e)
{
	int i;

	for (i = 1; i <= machine.nr; i++) {
		if (machine.events[i].op.kind == EX_RCU_SYNC_BEGIN)
			clock_join(&e->hb, &machine.events[i].hb);
	}
}

void dpor_hb_begin(struct event *e, int number)
{
	const struct event *last = &machine.events[machine.last[e->proc]];
	int other;

	e->hb = last->hb;
	e->hb.of[e->proc] = e->index;
	if (last->proc == e->proc) {
		e->acquirable = last->acquirable;
		e->fence = last->fence;
	} else {
		memset(&e->acquirable, 0, sizeof(e->acquirable));
		e->fence = 0;
	}
	switch (e->op.kind) {
	case EX_LOAD:
		hb_read(e, e->op.order);
		break;
	case EX_STORE:
		hb_write(e, e->op.order, false);
		break;
	case EX_RMW:
		hb_read(e, e->op.order);
		hb_write(e, e->op.order, true);
		break;
	case EX_CMPXCHG:
		hb_read(e, e->writes ? e->op.order : e->op.fail_order);
		if (e->writes)
			hb_write(e, e->op.order, true);
		break;
	case EX_FENCE:
		if (ex_order_acquires(e->op.order))
			clock_join(&e->hb, &e->acquirable);
		if (ex_order_releases(e->op.order))
			e->fence = number;
		break;
	case EX_JOIN:
		other = (int)e->op.arg;
		clock_join(&e->hb, &machine.events[machine.last[other]].hb);
		e->hb.of[other] = (uint16_t)(dpor_count_of(other) + 1);
		break;
	case EX_RCU_LOCK:
		section_begins(e);
		break;
	case EX_RCU_SYNC_END:
		grace_period_ends(e);
		break;
	default:
		break;
	}
}
