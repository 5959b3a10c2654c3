// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * The engine for weak memory: every execution graph of the program that the
 * model allows, each once. After TruSt (Kokologiannakis, Marmanis,
 * Gladstein, Vafeiadis: Truly Stateless, Optimal Dynamic Partial Order
 * Reduction, POPL 2022), with the program itself run where that has an
 * interpreter.
 *
 * The model: RC11 (coherence, atomicity, psc), po u rf without circles, so
 * no load buffering. Release sequences go on through RMWs only. A failed
 * compare-exchange is a read with the order of failure. For the kernel
 * (ex_options.kernel) a seq_cst RMW that succeeds has an smp_mb() on either
 * side. An unlock of a spinlock (EX_UNLOCK) and a lock after it, by the same
 * thread or one that reads the unlock, order all before the one before all
 * writes after the other, also for those who have no lock, and the thread's
 * reads: LKMM's po-unlock-lock-po. Grace periods obey LKMM's law
 * (engine_weak_check.c). Differs from LKMM: smp_rmb() and smp_wmb() are acquire
 * and release fences, which order reads before writes too; pointers to be
 * dereferenced are loaded with acquire; a release passes on what was acquired
 * only.
 *
 * The search. A graph has the events so far, for each read the write that it
 * reads, for each location the order of its writes, and who was added when.
 * One event after the other is added, that of the most urgent thread; which
 * one it is depends on the graph alone.
 *  - A read reads any write that is there and that coherence lets it.
 *  - A write takes any place in its location's order that coherence leaves.
 *    And it may be read by a read that is there already: then all is taken
 *    away that was added after this read and that the write does not depend
 *    on (by po and rf), and the search goes on from what is left: a revisit.
 *
 * No execution is lost. Take one that is allowed. Remove from it an event
 * that nothing depends on: what is left is allowed too, as no axiom needs
 * more events. So it can be built by adding events; and if they are added in
 * the order of the search, each reads a write that is there, or one that
 * comes later and then revisits it. What a revisit takes away comes back as
 * it was wanted, for nothing in it has a say in what stays.
 *
 * None is seen twice. Two ways to a graph differ in what a revisit had taken
 * away before. So it is allowed only if all of that, and what the read read
 * before, is what comes about without choice: each read of what was newest,
 * each write the newest, each EX_CHOICE 0 (is_maximal()). From a graph and
 * the read that was changed, what was taken away can then be computed: there
 * is just one way. And it is always there to be taken away, because an event
 * that reads the newest or is it comes before no other, so closes no circle
 * of any axiom: the graph without choices is always allowed. Hence also no
 * path ends without an execution, but for what waits:
 *
 *  - An operation that waits is added once there is a value to go on with,
 *    after all that need not wait. If the newest value is another one, one
 *    branch has it wait in the graph for a write to revisit it, and may end
 *    like that: counted as blocked.
 *  - A thread that spins, found by its coming back to the same state, waits
 *    for another value in the same way.
 *  - A grace period ends after all else that can be done, and after the
 *    sections that came before its beginning. What is taken away by a
 *    revisit is not what a grace period that stays has waited for.
 *
 * Void RMWs of one location commute; as long as no other access to it is
 * concurrent with them they are in one order only.
 *
 * Going on after a choice means: the graph is cut or copied, the program is
 * started again and run through it in an order that agrees with po and rf,
 * with the values from the graph, so that plain memory is right for whoever
 * has no data race. Memory is as much as the graphs of the revisits that
 * are nested, which are as deep as a graph has reads.
 */
#include "engine_weak.h"

enum {
	MAX_DEPTH = 1024
};

static struct graph *graphs[MAX_DEPTH] EX_STATE = {};
static int depth EX_STATE = 0;
static int lessons_known EX_STATE = 0; /* of weak_lessons, at the beginning */
struct ex_result *weak_result EX_STATE = NULL;

/* ---- which thread is next ---- */

/*
 * Whether the thread goes around in circles. If it saw a location change on
 * the way it got on, and as it cannot go back that comes to an end.
 */
static bool is_circling(const struct ex_thread *t)
{
	int i, k;

	if (EX_LIKELY(!(t->op.flags & EX_SPINS)))
		return false;
	for (i = 0; i < t->nr_waits; i++) {
		for (k = 0; k < i; k++) {
			if (t->waits[k].addr == t->waits[i].addr &&
			    t->waits[k].value != t->waits[i].value)
				return false;
		}
	}
	return true;
}

static bool is_blocked(const struct graph *g, int thread)
{
	int last = g->threads[thread].last;

	return last != NONE && (g->ev[last].traits & E_BLOCKED);
}

/*
 * When the thread's operation comes: what branches least first, what waits
 * for others last. 0: it cannot be done. A function of the graph alone.
 */
static int urgency(const struct graph *g, const struct ex_thread *t)
{
	const struct ex_op *op = &t->op;

	switch (op->kind) {
	case EX_EXIT:
	case EX_OVER:
	case EX_FAIL:
	case EX_NONE:
		return 0;
	case EX_JOIN:
		return ex_thread((int)op->arg)->op.kind == EX_EXIT ? 4 : 0;
	case EX_LOAD:
	case EX_RMW:
	case EX_CMPXCHG:
		if (is_circling(t) || is_blocked(g, t->id))
			return 0;
		if (op->flags & EX_AWAIT)
			return weak_await_ready(g, t) ? 1 : 0;
		if (t->state && op->kind != EX_RMW)
			return 0; /* see step_spinning() */
		return op->kind == EX_LOAD ? 2 : 3;
	case EX_RCU_SYNC_END:
		return 0; /* see step_any() */
	default:
		return 4;
	}
}

static struct ex_thread *choose(const struct graph *g)
{
	struct ex_thread *best = NULL, *t;
	int most = 0, i, u;

	for (i = 0; i < ex_nr_threads(); i++) {
		t = ex_thread(i);
		u = urgency(g, t);
		if (u > most) {
			most = u;
			best = t;
			if (u == 4)
				break;
		}
	}
	return best;
}

/* ---- forward ---- */

enum outcome {
	GO_ON,
	CUT, /* nothing new can follow */
	WRONG
};

/*
 * Looks whether the thread came back to where it was. What it read last then
 * is a read that is there to be changed, and if it is an old value it never
 * will be: only a read of the newest write is.
 */
static enum outcome after_run(struct graph *g, const struct ex_thread *t)
{
	int i = g->threads[t->id].last;

	if (EX_LIKELY(!(t->op.flags & EX_AGAIN) && !is_circling(t)))
		return GO_ON;
	while (i != NONE && !(g->ev[i].traits & E_READ))
		i = g->ev[i].po_prev;
	if (i == NONE)
		return GO_ON;
	if ((t->op.flags & EX_AGAIN) && i == g->threads[t->id].last) {
		weak_spin_learn(g->ev[i].state, g->ev[i].rval);
		g->ev[i].traits = E_READ | E_BLOCKED;
	}
	return mo_next(g, g->ev[i].loc, g->ev[i].rf) == NONE ? GO_ON : CUT;
}

/*
 * The event is what the thread is about to do. False: begin all again, which
 * is no failure: who looked for the next thread may have learnt it, too.
 */
static bool begin_event(struct graph *g, struct event *e,
			const struct ex_thread *t)
{
	event_init(e, t);
	if (EX_UNLIKELY(lessons_known != weak_lessons))
		return false;
	if (e->traits & (E_READ | E_WRITE))
		weak_see_plain_write(g, e);
	return true;
}

/* A read of the newest write closes no circle, another one might. */
static bool is_taken_well(const struct graph *g, int read)
{
	const struct event *e = &g->ev[read];

	return mo_next(g, e->loc, e->rf) == NONE || weak_consistent(g);
}

/* Adds the thread's operation to the graph and does it. */
static enum outcome step(struct graph *g, struct ex_thread *t)
{
	struct event e;
	int at;

	if (!begin_event(g, &e, t))
		return CUT;
	if (EX_UNLIKELY(e.op.flags & EX_VOLATILE) && e.op.kind == EX_STORE &&
	    weak_keeps_apart(g, &e))
		return weak_store_volatile(g, t, &e) ? after_run(g, t) : WRONG;
	if ((e.traits & (E_READ | E_WRITE)) && !weak_keeps_apart(g, &e))
		return CUT;
	if (e.traits & E_VOID) {
		weak_add_void(g, &e);
	} else if (e.traits & E_READ) {
		weak_add_read(g, &e);
		at = g->n - 1;
		if (!is_taken_well(g, at) ||
		    ((g->ev[at].traits & E_RMW) && !weak_complete_rmw(g, at)))
			return CUT;
	} else if (e.traits & E_WRITE) {
		weak_add_write(g, &e);
	} else if (t->op.kind == EX_CHOICE) {
		weak_add_choice(g, &e);
	} else {
		if (t->op.kind == EX_CREATE)
			e.child = (uint8_t)ex_nr_threads();
		graph_append(g, &e);
	}
	if (EX_UNLIKELY(g->nr_sections && g->nr_syncs) && !weak_consistent(g))
		return CUT;
	at = g->n - 1;
	if (!weak_is_run(&g->ev[at]))
		return GO_ON;
	if (!weak_run_event(g, at))
		return WRONG;
	return after_run(g, t);
}

/* Whether the thread stands where threads spin, and may be asked to go on. */
static bool may_spin(const struct graph *g, const struct ex_thread *t)
{
	return (t->op.kind == EX_LOAD || t->op.kind == EX_CMPXCHG) &&
	       t->state && !(t->op.flags & EX_AWAIT) && !is_circling(t) &&
	       !is_blocked(g, t->id);
}

/*
 * Lets the thread read what gets it on, from the newest write to older ones.
 * Whether a value does is tried: if not, the thread is where it was.
 */
static bool step_spinning(struct graph *g, struct ex_thread *t,
			  enum outcome *outcome)
{
	int write = SPIN_FIRST, items = weak_nr_items, n = g->n;
	struct event e;

	if (!begin_event(g, &e, t)) {
		*outcome = CUT;
		return true;
	}
	if (!weak_keeps_apart(g, &e)) {
		*outcome = CUT;
		return true;
	}
	n = g->n;
	while (weak_spin_next(g, &e, &write)) {
		weak_spin_others(g, &e, n, write);
		graph_append(g, &e);
		if (!is_taken_well(g, n)) {
			weak_nr_items = items;
			graph_truncate(g, n);
			continue;
		}
		if ((e.traits & E_RMW) && !weak_complete_rmw(g, n)) {
			*outcome = CUT;
			return true;
		}
		if (!weak_run_event(g, g->n - 1)) {
			*outcome = WRONG;
			return true;
		}
		if (!(t->op.flags & EX_AGAIN)) {
			*outcome = after_run(g, t);
			return true;
		}
		weak_spin_learn(e.state, e.rval);
		weak_nr_items = items;
		graph_truncate(g, n);
		t->hb = graph_thread_hb(g, t->id)->of;
	}
	return false;
}

static bool end_sync(struct graph *g, struct ex_thread *t,
		     enum outcome *outcome)
{
	struct event e;

	event_init(&e, t);
	if (weak_sync_waits(g, t->id, &e.rel))
		return false;
	graph_append(g, &e);
	*outcome = weak_run_event(g, g->n - 1) ? GO_ON : WRONG;
	return true;
}

/* The next event; false: there is none. */
static bool step_any(struct graph *g, enum outcome *outcome)
{
	struct ex_thread *t = choose(g);
	int i;

	if (EX_LIKELY(t != NULL)) {
		*outcome = step(g, t);
		return true;
	}
	for (i = 0; i < ex_nr_threads(); i++) {
		t = ex_thread(i);
		if (may_spin(g, t) && step_spinning(g, t, outcome))
			return true;
	}
	/* Readers first, so that what a grace period waits for is there. */
	for (i = 0; i < ex_nr_threads(); i++) {
		t = ex_thread(i);
		if (t->op.kind == EX_RCU_SYNC_END && end_sync(g, t, outcome))
			return true;
	}
	return false;
}

/* ---- the end of an execution ---- */

static const struct graph *peeked EX_STATE = NULL;

static uint64_t peek(void *addr, size_t size)
{
	struct ex_op op = { .addr = addr, .size = (uint8_t)size };
	uint16_t loc = weak_location(&op);

	return location_part(&op, loc,
			     weak_value(peeked, loc,
					loc < peeked->nr_locs
						? peeked->mo[loc].last
						: NONE));
}

/* Whether a thread would go on if it read what is newest now. */
static bool could_go_on(const struct ex_thread *t)
{
	uint64_t now;
	int i;

	if (t->op.kind != EX_LOAD && t->op.kind != EX_RMW &&
	    t->op.kind != EX_CMPXCHG)
		return false;
	if (is_circling(t)) {
		for (i = 0; i < t->nr_waits; i++) {
			if (peek(t->waits[i].addr, t->waits[i].size) !=
			    t->waits[i].value)
				return true;
		}
		return false;
	}
	now = peek(t->op.addr, t->op.size);
	return ex_await_holds(&t->op, now) &&
	       !(t->state && weak_spin_known(t->state, now));
}

/* No thread is next. False: that is a failure. */
static bool finish(const struct graph *g)
{
	bool all = true, over = false, alive = false;
	int i;

	peeked = g;
	for (i = 0; i < ex_nr_threads(); i++) {
		const struct ex_thread *t = ex_thread(i);

		over |= t->op.kind == EX_OVER;
		if (t->op.kind == EX_EXIT || t->op.kind == EX_OVER)
			continue;
		all = false;
		alive |= could_go_on(t);
	}
	if (EX_UNLIKELY(lessons_known != weak_lessons))
		return true;
	if (!all && alive) {
		weak_result->blocked++;
		return true;
	}
	if (!all && !over)
		ex_stuck(peek);
	if (!ex_end())
		return false;
	weak_result->executions++;
	return true;
}

/* ---- backwards ---- */

static struct graph *graph_at(int level)
{
	if (!graphs[level]) {
		graphs[level] = ex_alloc(sizeof(struct graph));
		memset(graphs[level], 0, sizeof(struct graph));
	}
	return graphs[level];
}

/* Writes of RMWs whose reads stayed without them. */
static bool complete_all(struct graph *g)
{
	int i, last;

	for (i = 0; i < EX_MAX_THREADS; i++) {
		last = g->threads[i].last;
		if (last == NONE)
			continue;
		if ((g->ev[last].traits & (E_READ | E_RMW)) ==
			    (E_READ | E_RMW) &&
		    !weak_complete_rmw(g, last))
			return false;
	}
	return true;
}

/* Takes the choice; false: it is not consistent, or leads to items only. */
static bool take(struct item *item)
{
	struct graph *g = graphs[depth], *next;
	struct event *e;

	graph_truncate(g, item->n);
	if (item->revisit) {
		if (depth + 1 == MAX_DEPTH) {
			ex_fail(EX_LIMIT, "more than %d reads changed",
				MAX_DEPTH);
			return true;
		}
		next = graph_at(depth + 1);
		graph_revisit(next, g, &item->event, &item->prefix, item->read,
			      item->after);
		next->first_item = weak_nr_items;
		depth++;
		g = next;
	} else {
		e = graph_append(g, &item->event);
		if (e->traits & E_WRITE)
			graph_place(g, g->n - 1, item->after);
	}
	if (!weak_consistent(g))
		return false;
	return complete_all(g);
}

/* Goes back to the last choice; false: there are no more. */
static struct graph *backtrack(int *thread)
{
	struct item item;

	for (;;) {
		while (weak_nr_items == graphs[depth]->first_item) {
			if (depth == 0)
				return NULL;
			depth--;
		}
		item = weak_items[--weak_nr_items];
		if (take(&item)) {
			struct graph *g = graphs[depth];

			*thread =
				item.revisit
					? graphs[depth - 1]->ev[item.read].thread
					: item.event.thread;
			return g;
		}
	}
}

/* ---- the search ---- */

/* On from where the graph ends. */
static enum outcome go_on(struct graph *g)
{
	enum outcome outcome = GO_ON;

	while (outcome == GO_ON) {
		if (!step_any(g, &outcome))
			return finish(g) ? GO_ON : WRONG;
	}
	return outcome;
}

static enum outcome explore_from(struct graph *g, int thread)
{
	/* A limit may have been hit on the way back to here. */
	if (thread >= 0 && ex_failed() != EX_CLEAN)
		return WRONG;
	if (!weak_replay(g))
		return WRONG;
	if (thread >= 0 && after_run(g, ex_thread(thread)) == CUT)
		return CUT;
	return go_on(g);
}

void weak_end(struct graph *g)
{
	enum outcome outcome;
	int i;

	/* Who spins has to be seen to do so. */
	for (i = 0; i < ex_nr_threads(); i++) {
		if (may_spin(g, ex_thread(i)))
			step_spinning(g, ex_thread(i), &outcome);
	}
	if (ex_failed() == EX_CLEAN)
		finish(g);
}

static void first_graph(void)
{
	depth = 0;
	weak_nr_items = 0;
	lessons_known = weak_lessons;
	graph_clear(graph_at(0));
	graphs[0]->first_item = 0;
	weak_result->executions = 0;
	weak_result->blocked = 0;
}

/* Grows with what sends the search back to its beginning. */
static int lessons_learnt(void)
{
	return ex_lessons() + weak_lessons;
}

struct graph *weak_first_graph(struct ex_result *result)
{
	weak_result = result;
	first_graph();
	return graphs[0];
}

void ex_engine_weak(struct ex_result *result)
{
	struct graph *g;
	int lessons = -1, thread = -1;

	weak_result = result;
	do {
		if (lessons != lessons_learnt()) {
			lessons = lessons_learnt();
			first_graph();
			thread = -1;
			g = graphs[0];
		} else {
			g = backtrack(&thread);
			if (!g)
				break;
		}
		if (explore_from(g, thread) == WRONG) {
			result->executions++;
			weak_hand_on(graphs[depth], result);
			break;
		}
	} while (!ex_bound_hit(result));
}
