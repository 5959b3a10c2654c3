// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Schedules at random, for what is too large to be walked: uniform walks,
 * where each next thread is drawn, and PCT (Burckhardt, Kothari, Musuvathi,
 * Nagarakatte, ASPLOS 2010), where threads have priorities that change at
 * depth - 1 places, which finds each mistake of that depth with a known
 * probability. Both on engine A's machine, so for sc and tso, with all it
 * looks for. A seed gives the same schedules again.
 */
#include <string.h>

#include "dpor.h"

static uint64_t random_state EX_STATE = 0;

/* splitmix64 */
static uint64_t draw(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static unsigned int below(unsigned int n)
{
	return (unsigned int)(((draw() >> 32) * n) >> 32);
}

/* ---- PCT ---- */

enum {
	MAX_DEPTH = 64
};

static unsigned int priority[MAX_PROCS] EX_STATE = {};
static int change_at[MAX_DEPTH] EX_STATE = {};
static int longest EX_STATE = 16; /* execution so far */

static void pct_begin(void)
{
	int i;

	for (i = 0; i < MAX_PROCS; i++)
		priority[i] = MAX_DEPTH + (unsigned int)(draw() >> 40);
	for (i = 0; i < ex_options.pct_depth - 1 && i < MAX_DEPTH; i++)
		change_at[i] = 1 + (int)below((unsigned int)longest);
}

static int pct_choose(uint32_t enabled)
{
	int best = __builtin_ctz(enabled), i;
	uint32_t set;

	for (set = enabled; set; set &= set - 1) {
		if (priority[__builtin_ctz(set)] > priority[best])
			best = __builtin_ctz(set);
	}
	/* The running thread falls below all others at its places. */
	for (i = 0; i < ex_options.pct_depth - 1 && i < MAX_DEPTH; i++) {
		if (change_at[i] != machine.nr)
			continue;
		change_at[i] = 0;
		priority[best] = (unsigned int)i;
		return pct_choose(enabled);
	}
	return best;
}

static int walk_choose(uint32_t enabled)
{
	unsigned int n = below((unsigned int)__builtin_popcount(enabled));

	while (n--)
		enabled &= enabled - 1;
	return __builtin_ctz(enabled);
}

/* ---- both ---- */

static int choose(uint32_t enabled)
{
	uint32_t eager = enabled & machine.eager;

	if (eager)
		return __builtin_ctz(eager);
	return ex_options.mode == EX_PCT ? pct_choose(enabled)
					 : walk_choose(enabled);
}

static int alternative(int proc)
{
	const struct ex_op *op = &ex_thread(proc & (EX_MAX_THREADS - 1))->op;

	if (is_buffer(proc) || op->kind != EX_CHOICE)
		return 0;
	return (int)below((unsigned int)op->arg);
}

/* One execution; false: it failed. */
static bool walk(void)
{
	uint32_t enabled;
	int proc;

	machine_init();
	machine_repeat();
	if (ex_options.mode == EX_PCT)
		pct_begin();
	while (!machine.over && (enabled = machine_enabled())) {
		if (machine.nr == MAX_EVENTS) {
			ex_fail(EX_LIMIT, "more than %d operations",
				MAX_EVENTS);
			return false;
		}
		proc = choose(enabled);
		machine_step(proc, alternative(proc));
	}
	if (ex_failed() == EX_CLEAN && !machine.over)
		ex_stuck(NULL);
	if (machine.nr > longest)
		longest = machine.nr;
	return ex_end();
}

void ex_engine_random(struct ex_result *result)
{
	bool ok;

	/* Walking never ends by itself. */
	if (!ex_options.max_execs && ex_options.max_time <= 0)
		ex_options.max_execs = 1000000;
	machine_forget();
	random_state = ex_options.seed;
	do {
		ok = walk();
		result->executions++;
		result->steps += (uint64_t)machine.nr;
		if (!ok && ex_options.shrink)
			dpor_shrink();
		if (!ok)
			dpor_fill_trace(result);
	} while (ok && !ex_bound_hit(result));
}
