// SPDX-License-Identifier: MIT
// Floor: 0
/* A failing execution of the weak-memory engine: handed on, and repeated. */
#include "engine_weak.h"

/* Whether a newer write to the location was done before it. */
static bool is_stale(const struct graph *g, const struct event *e)
{
	int i, self = (int)(e - g->ev);

	if (!(e->traits & (E_READ | E_RMW)))
		return false;
	for (i = mo_next(g, e->loc, e->rf); i != NONE; i = g->ev[i].mo_next) {
		if (i < self)
			return true;
	}
	return false;
}

void weak_hand_on(const struct graph *g, struct ex_result *result)
{
	struct ex_step *steps = ex_trace_alloc(result, g->n), *s;
	int *step_of = ex_alloc(sizeof(*step_of) * (size_t)(g->n + 1));
	const struct event *e;
	int i, from, nr = 0;

	for (i = 0; i < g->n; i++) {
		e = &g->ev[i];
		step_of[i] = nr;
		if (!weak_is_run(e))
			continue;
		from = e->traits & E_VOID ? e->mo_prev : e->rf;
		s = &steps[nr++];
		s->op = e->op;
		s->thread = e->thread;
		s->value = e->rval;
		s->wrote = e->wval;
		s->writes = e->traits & E_WRITE;
		s->from = from == NONE ? -1 : step_of[from];
		s->stale = is_stale(g, e);
	}
	result->nr_steps = nr;
}

/* ---- once more ---- */

/*
 * Adds the step as an event that reads from the write. The modification
 * order is not in a trace: it is taken to be that of the steps.
 */
static bool repeat_step(struct graph *g, struct ex_thread *t,
			const struct ex_step *step, int from)
{
	struct event e, w;

	event_init(&e, t);
	if (e.traits & E_VOID)
		e.traits = E_READ;
	if (t->op.kind == EX_CREATE)
		e.child = (uint8_t)ex_nr_threads();
	if (t->op.kind == EX_CHOICE)
		e.rval = step->value;
	if (e.traits & (E_READ | E_WRITE))
		graph_see_location(g, e.loc);
	if (e.traits & E_READ)
		event_set_read(g, &e, from);
	if (e.traits & E_BLOCKED)
		return false;
	graph_append(g, &e);
	if ((e.traits & (E_READ | E_RMW)) == (E_READ | E_RMW)) {
		event_init_rmw_write(g, &w, &g->ev[g->n - 1]);
		graph_append(g, &w);
		graph_place(g, g->n - 1, from);
	} else if (e.traits & E_WRITE) {
		graph_place(g, g->n - 1, g->mo[e.loc].last);
	}
	return true;
}

static bool follow(struct graph *g, const struct ex_step *steps, int nr,
		   int *events)
{
	struct ex_thread *t;
	int i, from;

	if (!weak_start())
		return true;
	for (i = 0; i < nr; i++) {
		if (steps[i].thread < 0 || steps[i].thread >= ex_nr_threads())
			return false;
		t = ex_thread(steps[i].thread);
		from = steps[i].from;
		if (t->op.kind != steps[i].op.kind || from >= i ||
		    !repeat_step(g, t, &steps[i],
				 from < 0 ? NONE : events[from]))
			return false;
		events[i] = g->n - 1;
		if (!weak_run_event(g, g->n - 1))
			return true;
	}
	return true;
}

void ex_replay_weak(const struct ex_step *steps, int nr,
		    struct ex_result *result)
{
	int *events = ex_alloc(sizeof(*events) * (size_t)(nr + 1)), lessons;
	struct graph *g;
	bool same;

	do {
		lessons = ex_lessons();
		g = weak_first_graph(result);
		same = follow(g, steps, nr, events);
	} while (ex_failed() == EX_CLEAN && lessons != ex_lessons());
	if (same && ex_failed() == EX_CLEAN)
		weak_end(g);
	if (ex_failed() == EX_CLEAN)
		ex_fail(EX_NONDETERMINISM,
			"the trace is not one of this program's");
	result->executions = 1;
	weak_hand_on(g, result);
}
