// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Every interleaving of every program under sequential consistency, one
 * after the other, without any reduction: what the other engines are
 * compared with. No clocks, hence no data races.
 */
#include <string.h>

#include "sc.h"

enum {
	MAX_DEPTH = 4096
};

/* A decision: which of its alternatives was taken. */
struct decision {
	uint8_t taken;
	uint8_t nr;
};

static struct decision *path EX_STATE = NULL;
static int depth EX_STATE = 0, nr_decided EX_STATE = 0;
static struct ex_step *steps EX_STATE = NULL;
static int nr_steps EX_STATE = 0;
/* What a thread that spins waits to be gone from its location. */
static uint64_t again[EX_MAX_THREADS] EX_STATE = {};

static int decide(int nr)
{
	if (nr <= 1 || depth == MAX_DEPTH)
		return 0;
	if (depth == nr_decided) {
		path[nr_decided].taken = 0;
		path[nr_decided++].nr = (uint8_t)nr;
	}
	return path[depth++].taken;
}

/* Goes to the next path; false: there is none. */
static bool next_path(void)
{
	depth = 0;
	while (nr_decided) {
		struct decision *last = &path[nr_decided - 1];

		if (++last->taken < last->nr)
			return true;
		nr_decided--;
	}
	return false;
}

static uint32_t rcu_readers EX_STATE = 0;
static uint32_t rcu_waits[EX_MAX_THREADS] EX_STATE = {};

static bool enabled(struct ex_thread *t)
{
	const struct ex_op *op = &t->op;

	switch (op->kind) {
	case EX_EXIT:
		return false;
	case EX_JOIN:
		return ex_thread((int)op->arg)->op.kind == EX_EXIT;
	case EX_RCU_SYNC_END:
		return !rcu_waits[t->id];
	case EX_LOAD:
	case EX_RMW:
	case EX_CMPXCHG:
		if (op->flags & EX_AGAIN)
			return ex_mem_read(op->addr, op->size) != again[t->id];
		if (op->flags & EX_SPINS)
			return sc_changed(t);
		if (op->flags & EX_AWAIT)
			return ex_await_holds(op,
					      ex_mem_read(op->addr, op->size));
		return true;
	default:
		return true;
	}
}

static void perform_rcu(struct ex_thread *t)
{
	uint32_t bit = 1u << t->id;
	int i;

	if (t->op.kind == EX_RCU_LOCK)
		rcu_readers |= bit;
	else if (t->op.kind == EX_RCU_SYNC_BEGIN)
		rcu_waits[t->id] = rcu_readers;
	if (t->op.kind != EX_RCU_UNLOCK)
		return;
	rcu_readers &= ~bit;
	for (i = 0; i < EX_MAX_THREADS; i++)
		rcu_waits[i] &= ~bit;
}

static void step(struct ex_thread *t)
{
	struct ex_step *s = &steps[nr_steps % MAX_DEPTH];
	uint64_t result;

	s->op = t->op;
	s->thread = t->id;
	if (t->op.kind == EX_CREATE) {
		struct ex_thread *child = ex_spawn(t);

		result = (uint64_t)child->id;
		ex_run(child, 0);
	} else if (t->op.kind == EX_CHOICE) {
		result = (uint64_t)decide((int)t->op.arg);
	} else {
		perform_rcu(t);
		result = sc_perform(&t->op);
	}
	s->value = result;
	s->from = -1;
	nr_steps++;
	ex_run(t, result);
	if (t->op.flags & EX_AGAIN)
		again[t->id] = result;
}

/* The thread that is next, or NULL. */
static struct ex_thread *choose(void)
{
	int ids[EX_MAX_THREADS], nr = 0, i;

	for (i = 0; i < ex_nr_threads(); i++) {
		if (ex_thread(i)->op.kind == EX_FAIL ||
		    ex_thread(i)->op.kind == EX_OVER)
			return NULL;
		if (enabled(ex_thread(i)))
			ids[nr++] = i;
	}
	if (!nr) {
		ex_stuck(NULL);
		return NULL;
	}
	return ex_thread(ids[decide(nr)]);
}

static bool run_once(void)
{
	struct ex_thread *t;

	nr_steps = 0;
	rcu_readers = 0;
	memset(rcu_waits, 0, sizeof(rcu_waits));
	ex_begin();
	ex_run(ex_thread(0), 0);
	while ((t = choose()))
		step(t);
	return ex_end();
}

void ex_engine_dfs(struct ex_result *result)
{
	bool ok;

	if (!path) {
		path = ex_alloc(sizeof(*path) * MAX_DEPTH);
		steps = ex_alloc(sizeof(*steps) * MAX_DEPTH);
	}
	/* An exploration before this one may have been cut off. */
	depth = nr_decided = 0;
	do {
		ok = run_once();
		result->executions++;
		result->steps += (uint64_t)nr_steps;
	} while (ok && !ex_bound_hit(result) && next_path());
	if (!ok) {
		int nr = nr_steps < MAX_DEPTH ? nr_steps : MAX_DEPTH;

		memcpy(ex_trace_alloc(result, nr), steps,
		       sizeof(*steps) * (size_t)nr);
	}
}
