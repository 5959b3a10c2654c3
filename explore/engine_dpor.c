// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Engine A, for sc and tso: source-DPOR with sleep sets (Abdulla, Aronis,
 * Jonsson, Sagonas, "Source Sets", JACM 2017).
 *
 * Depth first: the events of one execution are a stack. Each new event is
 * compared with the earlier ones at its location: if it could have come
 * before one, a thread that starts such an execution is added to what is to
 * be tried at that one's state (source set). Once a thread was tried there,
 * it sleeps in what is tried afterwards until something happens that it
 * depends on. So, of all interleavings that order dependent operations in
 * the same way, one is walked.
 *
 * Without wakeup trees an execution may be begun whose threads all sleep in
 * the end (blocked). That is 0 on the programs that are compared with
 * optimal explorers, so trees would cost more than they bring. What it takes
 * for 0: the class of a compare-exchange that sleeps is that with the
 * current value; an initial that sleeps is as good as one that was tried;
 * RMWs without result commute; a thread that spins is not enabled.
 *
 * Operations that commute with everything (starting and joining threads,
 * fences, stores into a buffer) are done at once and are no states.
 *
 * A wait (of locks, conditions, loops that spin) depends on what ended it and
 * cannot come before that; what it can come before is looked for further
 * back at its location: in a chain of lock and unlock, the lock.
 */
#include <string.h>

#include "dpor.h"
#include "location.h"

enum {
	MAX_RESTARTS = 64
};

enum outcome {
	COMPLETE,
	BLOCKED,
	REDUNDANT,
	FAILED
};

static inline uint32_t bit(int proc)
{
	return 1u << proc;
}

/* ---- races ---- */

static inline bool before(const struct event *a, const struct event *b)
{
	return a->index <= b->order.of[a->proc];
}

/*
 * The procs that could begin, at the state before event nr k, an execution
 * in which the last event comes before that one: those of events that do
 * not depend on k, with none among these that they depend on.
 */
static uint32_t initials(int k, const struct event *last)
{
	const struct event *events = machine.events, *from = &events[k], *e;
	uint16_t first[MAX_PROCS];
	uint32_t seen = 0, found = 0, others;
	bool meets = false, depends;
	int number = (int)(last - events), i, p;

	for (i = k + 1; i <= number; i++) {
		e = &events[i];
		if (e != last && before(from, e))
			continue;
		depends = e == last && meets;
		for (others = seen & ~bit(e->proc); others && !depends;
		     others &= others - 1) {
			p = __builtin_ctz(others);
			depends = e->order.of[p] >= first[p];
		}
		if (e->location == last->location && e->location &&
		    !classes_commute(e->access, last->access))
			meets = true;
		if (seen & bit(e->proc))
			continue;
		seen |= bit(e->proc);
		first[e->proc] = e->index;
		if (!depends)
			found |= bit(e->proc);
	}
	return found;
}

/* The last event could have come before event nr k: has that tried. */
static void reverse(int k, const struct event *last)
{
	struct event *at = &machine.events[k];
	uint32_t found = initials(k, last);

	if (found & (at->backtrack | at->sleep))
		return;
	if (found & bit(last->proc))
		at->backtrack |= bit(last->proc);
	else
		at->backtrack |= found & -found;
}

/*
 * The races of the last event, of which order is still that of its proc's
 * past. What it reads or overwrites is the latest group that it does not
 * commute with; the operation would have found the value before these.
 */
static void find_races(const struct event *last)
{
	const struct event *events = machine.events, *e;
	bool waited = last->op.flags & EX_AWAIT || last->state;
	int i = last->before_there, group = 0;

	for (; i; i = e->before_there) {
		e = &events[i];
		if (classes_commute(e->access, last->access))
			continue;
		if (group && e->group != group)
			break;
		if (!before(e, last)) {
			if (waited && !machine_possible(last, e->old))
				continue;
			reverse(i, last);
		} else if (e->access == ACCESS_WRITE) {
			break;
		}
		group = e->group;
	}
}

/* Adds what the last event depends on at its location. */
static void order_at_location(struct event *last)
{
	const struct event *events = machine.events, *e;
	int i = last->before_there, group = 0;

	for (; i; i = e->before_there) {
		e = &events[i];
		if (classes_commute(e->access, last->access))
			continue;
		if (group && e->group != group)
			break;
		group = e->group;
		wide_join(&last->order, &e->order);
	}
}

/* ---- one execution ---- */

/* Those that slept before the last event and do not depend on it. */
static uint32_t still_asleep(void)
{
	const struct event *last = &machine.events[machine.nr];
	uint32_t asleep = 0, set;
	int proc, access, location;

	if (!machine.nr)
		return 0;
	if (last->access == ACCESS_NONE)
		return last->sleep;
	for (set = last->sleep; set; set &= set - 1) {
		proc = __builtin_ctz(set);
		access = machine_access(proc, &location);
		if (location != last->location ||
		    classes_commute(access, last->access))
			asleep |= bit(proc);
	}
	return asleep;
}

/* What goes on: what commutes with all, else who ran last, else any. */
static int choose(uint32_t candidates, int running)
{
	uint32_t eager = candidates & machine.eager, set;

	for (set = eager; ex_options.no_reduction && set; set &= set - 1) {
		/* Starting and joining is no choice even then. */
		int kind = ex_thread(__builtin_ctz(set))->op.kind;

		if (kind != EX_CREATE && kind != EX_JOIN)
			eager &= ~(set & -set);
	}
	if (eager)
		return __builtin_ctz(eager);
	return candidates & bit(running) ? running : __builtin_ctz(candidates);
}

/* Does proc's operation as the next event; false: it spins. */
static bool step(int proc, int choice)
{
	struct event *e = machine_step(proc, choice);

	if (!e)
		return false;
	if (e->access != ACCESS_NONE) {
		if (!ex_options.plant_wrong_reduction ||
		    e->access != ACCESS_READ)
			find_races(e);
		order_at_location(e);
	}
	return true;
}

static enum outcome the_end(uint32_t enabled)
{
	if (ex_failed() != EX_CLEAN)
		return FAILED;
	if (enabled && !machine.over)
		return BLOCKED;
	if (!enabled)
		ex_stuck(NULL);
	return ex_end() ? COMPLETE : FAILED;
}

/*
 * Goes on from the events that are there, first with what the search wants
 * to have tried at this state, if it does.
 */
static enum outcome run_on(bool retry)
{
	uint32_t enabled = 0, candidates;
	int proc = 0, running = 0, choice = 0;

	while (!machine.over) {
		struct event *e = &machine.events[machine.nr + 1];

		if (machine.nr == MAX_EVENTS) {
			ex_fail(EX_LIMIT, "more than %d operations",
				MAX_EVENTS);
			break;
		}
		enabled = machine_enabled();
		if (!retry) {
			e->sleep = still_asleep();
			e->backtrack = 0;
		}
		if (ex_options.no_reduction) {
			e->sleep = retry ? e->sleep : 0;
			e->backtrack |= enabled;
		}
		candidates = enabled & ~e->sleep;
		if (retry)
			candidates &= e->backtrack;
		if (!candidates && retry)
			return REDUNDANT;
		if (!candidates)
			break;
		choice = 0;
		if (retry && e->op.kind == EX_CHOICE)
			choice = e->choice;
		proc = choose(candidates, running);
		e->backtrack |= bit(proc);
		if (step(proc, choice)) {
			retry = false;
			running = thread_of(proc);
		} else if (retry) {
			e->sleep |= bit(proc);
		} else {
			e->backtrack = 0;
		}
	}
	return the_end(enabled);
}

/* ---- the search ---- */

/*
 * Takes back events up to the last state where something is left to be
 * tried. Returns false if there is none.
 */
static bool back_up(void)
{
	while (machine.nr) {
		struct event *e = &machine.events[machine.nr];

		machine_undo();
		if (e->op.kind == EX_CHOICE && !is_buffer(e->proc) &&
		    e->choice + 1u < e->op.arg) {
			e->choice++;
			e->backtrack = bit(e->proc);
			return true;
		}
		e->op.kind = EX_NONE;
		e->sleep |= bit(e->proc);
		if (e->backtrack & ~e->sleep)
			return true;
	}
	return false;
}

static int all_lessons(void)
{
	return ex_lessons() + location_lessons();
}

void dpor_fill_trace(struct ex_result *result)
{
	struct ex_step *steps = ex_trace_alloc(result, machine.nr);
	int i;

	for (i = 0; i < machine.nr; i++) {
		const struct event *e = &machine.events[i + 1];

		steps[i].op = e->op;
		steps[i].thread = thread_of(e->proc);
		steps[i].commit = is_buffer(e->proc);
		steps[i].value = e->result;
		steps[i].wrote = e->wrote;
		steps[i].writes = e->writes;
		steps[i].from = (steps[i].commit ? e->stored : e->from) - 1;
	}
}

/* Goes through the steps of a trace once. */
static enum outcome follow(const struct ex_step *steps, int nr)
{
	uint32_t enabled;
	int i, proc;

	for (i = 0; i < nr && !machine.over; i++) {
		proc = steps[i].commit ? buffer_of(steps[i].thread)
				       : steps[i].thread;
		if (steps[i].thread >= ex_nr_threads() ||
		    !(machine_enabled() & bit(proc)) ||
		    (!steps[i].commit &&
		     ex_thread(proc)->op.kind != steps[i].op.kind)) {
			ex_fail(EX_NONDETERMINISM,
				"step %d of the trace cannot be done: is it "
				"of this program?",
				i + 1);
			return FAILED;
		}
		step(proc,
		     steps[i].op.kind == EX_CHOICE ? (int)steps[i].value : 0);
	}
	/* Rounds of threads that spin are no steps. */
	while (!machine.over && (enabled = machine_enabled())) {
		if (step(__builtin_ctz(enabled), 0))
			break;
	}
	return the_end(machine_enabled());
}

void ex_replay_dpor(const struct ex_step *steps, int nr,
		    struct ex_result *result)
{
	int lessons;
	enum outcome outcome;

	machine_init();
	do {
		lessons = all_lessons();
		machine_init();
		machine_repeat();
		outcome = follow(steps, nr);
	} while (outcome != FAILED && lessons != all_lessons());
	result->executions = 1;
	result->steps = (uint64_t)machine.nr;
	if (outcome == FAILED)
		dpor_fill_trace(result);
}

static int lessons EX_STATE = 0, restarts EX_STATE = 0;

/* Something was learnt that changes what was seen before: begins anew. */
static bool learnt(struct ex_result *result)
{
	if (all_lessons() == lessons || restarts == MAX_RESTARTS)
		return false;
	lessons = all_lessons();
	restarts++;
	result->executions = result->blocked = 0;
	machine_init();
	return true;
}

void ex_engine_dpor(struct ex_result *result)
{
	enum outcome outcome;
	bool retry = false;

	machine_forget();
	machine_init();
	lessons = all_lessons();
	restarts = 0;
	for (;;) {
		machine_repeat();
		outcome = run_on(retry);
		result->steps += (uint64_t)machine.nr;
		if (outcome == FAILED) {
			result->executions++;
			if (ex_options.shrink)
				dpor_shrink();
			dpor_fill_trace(result);
			return;
		}
		retry = !learnt(result);
		if (!retry)
			continue;
		result->executions += outcome == COMPLETE;
		result->blocked += outcome == BLOCKED;
		if (ex_bound_hit(result) || !back_up())
			return;
	}
}
