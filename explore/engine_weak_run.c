// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * The weak-memory engine's program: run along a graph, from event to event,
 * and what is in its memory meanwhile.
 */
#include "engine_weak.h"

/* ---- running the program ---- */

/* Memory has the newest value of what was done, for plain reads of it. */
static void to_memory(const struct graph *g, int write)
{
	const struct event *e = &g->ev[write];
	struct location *loc = &weak_locs[e->loc];

	if (loc->in_memory != NONE && g->ev[loc->in_memory].rank > e->rank)
		return;
	loc->in_memory = write;
	ex_mem_write(e->op.addr, e->op.size,
		     location_part(&e->op, e->loc, e->wval));
}

/* What memory should have where the event accesses it. */
static uint64_t in_memory(const struct graph *g, const struct event *e)
{
	return location_part(&e->op, e->loc,
			     weak_value(g, e->loc,
					weak_locs[e->loc].in_memory));
}

/* A volatile access was done by the program, in memory: puts that right. */
static void after_volatile(const struct graph *g, int at)
{
	const struct event *e = &g->ev[at];
	uint64_t done = e->traits & E_WRITE
				? location_part(&e->op, e->loc, e->wval)
				: e->rval;

	if (e->traits & E_WRITE)
		to_memory(g, at);
	/* Unless it was written plainly since. */
	if (ex_mem_read(e->op.addr, e->op.size) == done)
		ex_mem_write(e->op.addr, e->op.size, in_memory(g, e));
}

static bool failed_now(const struct ex_thread *t)
{
	return EX_UNLIKELY(t->op.kind == EX_FAIL);
}

/* Lets race.c see the access; false: it is one too many. */
static bool watch(struct ex_thread *t, const struct event *e)
{
	if (!(e->traits & (E_READ | E_WRITE)))
		return true;
	return race_marked(t, e->traits & E_WRITE);
}

/* The event's thread gets its result; false: something is wrong. */
static bool run_event(struct graph *g, int at)
{
	struct event *e = &g->ev[at];
	struct ex_thread *t = ex_thread(e->thread), *child;

	t->hb = e->hb.of;
	if (e->op.kind == EX_CREATE) {
		child = ex_spawn(t);
		if (child->id != e->child) {
			ex_fail(EX_LIMIT, "threads that create threads at "
					  "the same time: not known to weak");
			return false;
		}
		child->hb = e->hb.of;
		ex_run(child, 0);
		weak_result->steps++;
		if (failed_now(child))
			return false;
		e->rval = e->child;
	}
	if ((e->traits & E_WRITE) && !(e->op.flags & EX_VOLATILE))
		to_memory(g, at);
	ex_run(t, e->rval);
	weak_result->steps++;
	if (EX_UNLIKELY(e->op.flags & EX_VOLATILE) && e->op.addr)
		after_volatile(g, at);
	return !failed_now(t);
}

bool weak_run_event(struct graph *g, int at)
{
	const struct event *e = &g->ev[at];

	return watch(ex_thread(e->thread), e) && run_event(g, at);
}

/* Whether the thread goes on after the event: not at an RMW's read. */
bool weak_is_run(const struct event *e)
{
	return !(e->traits & E_BLOCKED) && !(e->traits & E_PLAIN) &&
	       (e->traits & (E_READ | E_RMW)) != (E_READ | E_RMW);
}

static bool same_op(const struct ex_op *a, const struct ex_op *b)
{
	return a->kind == b->kind && a->addr == b->addr;
}

bool weak_start(void)
{
	struct ex_thread *main_thread;

	weak_run++;
	ex_begin();
	main_thread = ex_thread(0);
	main_thread->hb = weak_zero_clock.of;
	ex_run(main_thread, 0);
	return !failed_now(main_thread);
}

/* Runs the program to where the graph ends. */
bool weak_replay(struct graph *g)
{
	const struct event *e;
	int i;

	if (!weak_start())
		return false;
	for (i = 0; i < g->n; i++) {
		e = &g->ev[i];
		if (e->traits & (E_READ | E_WRITE))
			weak_location(&e->op);
		if (e->traits & E_PLAIN)
			weak_locs[e->loc].in_memory = i;
		if (!weak_is_run(e))
			continue;
		if (!same_op(&ex_thread(e->thread)->op, &e->op)) {
			ex_fail(EX_NONDETERMINISM,
				"thread %d did something else than before",
				e->thread);
			return false;
		}
		if (EX_UNLIKELY(race_mixed) && !watch(ex_thread(e->thread), e))
			return false;
		if (!run_event(g, i))
			return false;
	}
	return true;
}

/* ---- what the program does to memory by itself ---- */

/*
 * Something else is in memory than what was written to the location by
 * operations: it was written plainly. As that is no race, all that was done
 * there comes before, and all that will be comes after it.
 */
void weak_see_plain_write(struct graph *g, const struct event *at)
{
	struct location *loc = &weak_locs[at->loc];
	uint64_t now = ex_mem_read(at->op.addr, at->op.size);
	struct event e;
	int n = g->n;

	if (EX_LIKELY(now == in_memory(g, at)))
		return;
	e = *at;
	e.traits = E_WRITE | E_PLAIN;
	e.rf = NONE;
	e.wval = location_whole(&at->op, at->loc,
				weak_value(g, at->loc, loc->in_memory), now);
	e.op.kind = EX_STORE;
	e.op.order = __ATOMIC_RELAXED;
	graph_append(g, &e);
	graph_place(g, n, g->mo[e.loc].last);
	loc->in_memory = n;
}

/*
 * A volatile store, whose value is only known once it is done. Its thread
 * then stands at what comes after it.
 */
bool weak_store_volatile(struct graph *g, struct ex_thread *t, struct event *e)
{
	int n = g->n;

	if (weak_locs[e->loc].wide) {
		ex_fail(EX_LIMIT, "volatile stores to parts of what is also "
				  "accessed as a whole: not known to weak");
		return false;
	}
	graph_see_location(g, e->loc);
	graph_append(g, e)->traits = E_READ;
	g->ev[n].rf = NONE;
	if (!race_marked(t, true))
		return false;
	t->hb = g->ev[n].hb.of;
	ex_run(t, 0);
	weak_result->steps++;
	e->wval = ex_mem_read(e->op.addr, e->op.size);
	graph_truncate(g, n);
	weak_add_write(g, e);
	after_volatile(g, n);
	return !failed_now(t);
}
