/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/* What operations mean under sequential consistency, for engines. */
#ifndef PAGESIM_EXPLORE_SC_H
#define PAGESIM_EXPLORE_SC_H

#include "engine.h"

/* Whether a wait for a change, EX_SPINS, is over. */
static inline bool sc_changed(const struct ex_thread *t)
{
	int i;

	for (i = 0; i < t->nr_waits; i++) {
		if (ex_mem_read(t->waits[i].addr, t->waits[i].size) !=
		    t->waits[i].value)
			return true;
	}
	return false;
}

/* What the operation does to memory; returns its result. */
static inline uint64_t sc_perform(const struct ex_op *op)
{
	uint64_t old;

	switch (op->kind) {
	case EX_LOAD:
		return ex_mem_read(op->addr, op->size);
	case EX_STORE:
		if (!(op->flags & EX_VOLATILE))
			ex_mem_write(op->addr, op->size, op->arg);
		return 0;
	case EX_RMW:
		old = ex_mem_read(op->addr, op->size);
		ex_mem_write(op->addr, op->size, ex_rmw_result(op, old));
		return old;
	case EX_CMPXCHG:
		old = ex_mem_read(op->addr, op->size);
		if (old == op->expected)
			ex_mem_write(op->addr, op->size, op->arg);
		return old;
	default:
		return 0;
	}
}

#endif /* PAGESIM_EXPLORE_SC_H */
