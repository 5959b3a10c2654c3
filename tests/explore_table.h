/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/*
 * Programs of straight lines in a table, and a runtime for engines that does
 * nothing but walk them: an engine is tested without fibers and compilers.
 * main() makes the threads, joins them and ends.
 */
#ifndef PAGESIM_EXPLORE_TABLE_H
#define PAGESIM_EXPLORE_TABLE_H

#include "../explore/engine.h"

enum {
	T_THREADS = 4,
	T_OPS = 12,
	T_LOCS = 4
};

/* One line: x is a location. A line that reads keeps what it read. */
struct t_op {
	uint8_t kind; /* EX_LOAD ...; 0 ends the thread */
	uint8_t x;
	uint8_t order;
	uint8_t fail_order;
	uint8_t fn;
	uint8_t flags;
	uint8_t want; /* with EX_AWAIT, of all bits */
	uint8_t size; /* of the access, if it is less than the location's 8 */
	bool spins; /* a place where threads were seen to spin */
	uint64_t arg;
	uint64_t expected;
};

struct t_program {
	int nr_threads;
	struct t_op ops[T_THREADS][T_OPS];
};

/* What was read by each line, and what is in memory at last. */
struct t_state {
	uint64_t read[T_THREADS][T_OPS];
	uint64_t memory[T_LOCS];
};

/* Called at the end of each execution; false: it fails. */
typedef bool t_end(const struct t_state *state, void *data);

/*
 * Explores the program. The result's trace is not to be used once another
 * program is.
 */
void t_explore(ex_engine *engine, const struct t_program *program, t_end *end,
	       void *data, struct ex_result *result);

/* Executions in which nobody can go on end without a call of end. */
extern bool t_ignore_deadlocks;

int t_nr_ops(const struct t_program *program, int thread);

#endif /* PAGESIM_EXPLORE_TABLE_H */
