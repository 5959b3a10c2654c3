// SPDX-License-Identifier: MIT
// Floor: 5
/* A runtime without fibers, for programs in a table. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore_table.h"

struct ex_options ex_options;

static const struct t_program *program;
static struct t_state state;
static t_end *at_end;
static void *end_data;

struct ex_thread ex_threads[EX_MAX_THREADS];
int ex_threads_created;
bool race_mixed;
static int at[EX_MAX_THREADS];
static enum ex_verdict verdict;
static char words[256];
static bool stuck;

bool t_ignore_deadlocks;

int t_nr_ops(const struct t_program *p, int thread)
{
	int nr = 0;

	while (nr < T_OPS && p->ops[thread][nr].kind)
		nr++;
	return nr;
}

static void new_thread(void)
{
	memset(&ex_threads[ex_threads_created], 0, sizeof(ex_threads[0]));
	ex_threads[ex_threads_created].id = ex_threads_created;
	at[ex_threads_created++] = -1;
}

void ex_begin(void)
{
	memset(&state, 0, sizeof(state));
	ex_threads_created = 0;
	verdict = EX_CLEAN;
	stuck = false;
	new_thread();
}

/* main(): creates, joins. */
static void main_op(struct ex_op *op, int n)
{
	if (n < program->nr_threads) {
		op->kind = EX_CREATE;
	} else if (n < 2 * program->nr_threads) {
		op->kind = EX_JOIN;
		op->arg = (uint64_t)(n - program->nr_threads + 1);
	} else {
		op->kind = EX_EXIT;
	}
}

static void thread_op(struct ex_thread *t, const struct t_op *line)
{
	struct ex_op *op = &t->op;

	if (line->spins)
		t->state = (uintptr_t)line;
	op->kind = line->kind;
	op->order = line->order;
	op->fail_order = line->fail_order;
	op->fn = line->fn;
	op->flags = line->flags;
	op->arg = line->arg;
	op->expected = line->expected;
	op->await_mask = ~0ull;
	op->await_want = line->want;
	if (op->kind >= EX_LOAD && op->kind <= EX_CMPXCHG) {
		op->size = line->size ? line->size : 8;
		op->addr = &state.memory[line->x];
	}
}

void ex_run(struct ex_thread *t, uint64_t result)
{
	int n = at[t->id];

	if (t->id > 0 && n >= 0 && !(t->op.flags & EX_VOID))
		state.read[t->id - 1][n] = result;
	n = ++at[t->id];
	memset(&t->op, 0, sizeof(t->op));
	t->state = 0;
	if (t->id == 0)
		main_op(&t->op, n);
	else if (n < t_nr_ops(program, t->id - 1))
		thread_op(t, &program->ops[t->id - 1][n]);
	else
		t->op.kind = EX_EXIT;
}

struct ex_thread *ex_spawn(struct ex_thread *t)
{
	(void)t;
	new_thread();
	return &ex_threads[ex_threads_created - 1];
}

bool ex_end(void)
{
	if (verdict == EX_CLEAN && !stuck && !at_end(&state, end_data))
		verdict = EX_ASSERTION;
	return verdict == EX_CLEAN;
}

bool race_marked(struct ex_thread *t, bool write)
{
	(void)t;
	(void)write;
	return true;
}

int ex_lessons(void)
{
	return 0;
}

void ex_fail(enum ex_verdict why, const char *fmt, ...)
{
	va_list args;

	if (verdict != EX_CLEAN)
		return;
	verdict = why;
	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
}

enum ex_verdict ex_failed(void)
{
	return verdict;
}

const char *ex_failure(void)
{
	return words;
}

void ex_stuck(uint64_t (*peek)(void *addr, size_t size))
{
	(void)peek;
	stuck = true;
	if (!t_ignore_deadlocks)
		ex_fail(EX_DEADLOCK, "deadlock");
}

bool ex_bound_hit(struct ex_result *result)
{
	return ex_options.max_execs &&
	       result->executions >= ex_options.max_execs;
}

struct ex_step *ex_trace_alloc(struct ex_result *result, int nr)
{
	static struct ex_step steps[1024];

	result->trace = steps;
	result->nr_steps = nr;
	return steps;
}

/* Never freed, as the engines expect; found by valgrind through the list. */
static struct block {
	struct block *next;
	uint64_t pad;
} * blocks;

void *ex_alloc(size_t size)
{
	struct block *block = NULL;

	if (posix_memalign((void **)&block, 64, size + 64))
		abort();
	memset(block, 0, size + 64);
	block->next = blocks;
	blocks = block;
	return (char *)block + 64;
}

void t_explore(ex_engine *engine, const struct t_program *p, t_end *end,
	       void *data, struct ex_result *result)
{
	program = p;
	at_end = end;
	end_data = data;
	memset(result, 0, sizeof(*result));
	engine(result);
	result->verdict = verdict;
	snprintf(result->text, sizeof(result->text), "%s", words);
}
