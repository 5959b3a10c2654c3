// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Makes a failing execution of engine A's easier to read: fewest preemptions
 * first, then fewest switches between threads, then shortest.
 *
 * A schedule is a list of turns; a turn that is not possible any more is left
 * out, and at the end of the list threads go on one after the other. A trial
 * takes the operations that a thread does at one stretch away, or puts them
 * behind its stretch before, and is kept if the execution fails in the same
 * way and is better. It ends when no single move is: 1-minimal.
 */
#include <string.h>

#include "dpor.h"

enum {
	MAX_TRIALS = 4000,
	MAX_SHRUNK = 2000
};

struct turn {
	uint8_t proc;
	uint16_t choice;
};

struct cost {
	int preemptions, switches, length;
};

struct schedule {
	struct turn turns[MAX_SHRUNK];
	int nr;
	struct cost cost;
};

static struct schedule *best EX_STATE = NULL, *trial EX_STATE = NULL;
static enum ex_verdict wanted EX_STATE = EX_CLEAN;

static int who_goes_on(uint32_t enabled, int running)
{
	uint32_t eager = enabled & machine.eager;

	if (eager)
		return __builtin_ctz(eager);
	return enabled & (1u << running) ? running : __builtin_ctz(enabled);
}

/* Notes the turn and what it costs. */
static void account(struct schedule *done, int proc, int choice,
		    uint32_t enabled)
{
	int before = done->nr ? done->turns[done->nr - 1].proc : proc;

	if (before != proc) {
		done->cost.switches++;
		done->cost.preemptions += (enabled >> before) & 1;
	}
	done->cost.length++;
	done->turns[done->nr].proc = (uint8_t)proc;
	done->turns[done->nr++].choice = (uint16_t)choice;
}

static bool turn(struct schedule *done, int proc, int choice, uint32_t enabled)
{
	if (!machine_step(proc, choice))
		return false;
	account(done, proc, choice, enabled);
	return true;
}

/*
 * Runs the turns and then the rest, and leaves in the schedule what was done.
 * Returns whether it failed as wanted.
 */
static bool run(struct schedule *schedule)
{
	static struct turn turns[MAX_SHRUNK] EX_STATE = {};
	int nr = schedule->nr, i, proc;
	uint32_t enabled;

	memcpy(turns, schedule->turns, sizeof(turns[0]) * (size_t)nr);
	memset(&schedule->cost, 0, sizeof(schedule->cost));
	schedule->nr = 0;
	machine_init();
	machine_repeat();
	for (i = 0; i < nr && !machine.over; i++) {
		enabled = machine_enabled();
		if (enabled & (1u << turns[i].proc))
			turn(schedule, turns[i].proc, turns[i].choice, enabled);
	}
	proc = nr ? turns[nr - 1].proc : 0;
	while (!machine.over && schedule->nr < MAX_SHRUNK &&
	       (enabled = machine_enabled())) {
		proc = who_goes_on(enabled, proc);
		turn(schedule, proc, 0, enabled);
	}
	if (ex_failed() == EX_CLEAN && !machine.over)
		ex_stuck(NULL);
	ex_end();
	return ex_failed() == wanted;
}

static bool better(const struct cost *a, const struct cost *b)
{
	if (a->preemptions != b->preemptions)
		return a->preemptions < b->preemptions;
	if (a->switches != b->switches)
		return a->switches < b->switches;
	return a->length < b->length;
}

/* Where the stretch of one proc that begins there ends. */
static int stretch_end(int start)
{
	int end = start;

	while (end < best->nr &&
	       best->turns[end].proc == best->turns[start].proc)
		end++;
	return end;
}

/* The trial is best without [from, to), which is put in at place, or not. */
static void move(int from, int to, int place)
{
	int i;

	trial->nr = 0;
	for (i = 0; i <= best->nr; i++) {
		if (i == place)
			memcpy(trial->turns + trial->nr, best->turns + from,
			       sizeof(struct turn) * (size_t)(to - from));
		if (i == place)
			trial->nr += to - from;
		if (i < best->nr && (i < from || i >= to))
			trial->turns[trial->nr++] = best->turns[i];
	}
}

static bool try_trial(void)
{
	struct schedule *swap;

	if (!run(trial) || !better(&trial->cost, &best->cost))
		return false;
	swap = best;
	best = trial;
	trial = swap;
	return true;
}

/* The end of the proc's stretch before the one at start, -1: none. */
static int stretch_before(int start)
{
	int i;

	for (i = start - 1; i >= 0; i--) {
		if (best->turns[i].proc == best->turns[start].proc)
			return i + 1;
	}
	return -1;
}

/* One pass over all stretches; true: it got better. */
static bool improve(int *trials)
{
	int start, end, place;

	for (start = 0; start < best->nr; start = end) {
		end = stretch_end(start);
		if ((*trials += 2) > MAX_TRIALS)
			return false;
		move(start, end, -1);
		if (try_trial())
			return true;
		place = stretch_before(start);
		if (place < 0)
			continue;
		move(start, end, place);
		if (try_trial())
			return true;
	}
	return false;
}

void dpor_shrink(void)
{
	int trials = 0, i;

	if (machine.nr >= MAX_SHRUNK)
		return;
	wanted = ex_failed();
	best = ex_alloc(sizeof(*best));
	trial = ex_alloc(sizeof(*trial));
	best->nr = machine.nr;
	for (i = 0; i < machine.nr; i++) {
		best->turns[i].proc = machine.events[i + 1].proc;
		best->turns[i].choice = machine.events[i + 1].choice;
	}
	/* The same once more, for its cost. */
	if (!run(best)) {
		ex_fail(EX_NONDETERMINISM,
			"an execution that failed does not when it is "
			"repeated: does the program read a clock, a file?");
		return;
	}
	while (improve(&trials))
		;
	run(best);
}
