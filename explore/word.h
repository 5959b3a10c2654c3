/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/*
 * Operations on words, for the functions that the runtime stands in for: a
 * mutex, a condition, a barrier is a word or two in the program's object.
 */
#ifndef PAGESIM_EXPLORE_WORD_H
#define PAGESIM_EXPLORE_WORD_H

#include "runtime.h"

/* Who calls, for reports: to be used in the function that was called. */
#define CALL(call) \
	((struct ex_op){ .name = (call), .pc = __builtin_return_address(0) })

static inline uint64_t word_load(struct ex_op op, void *p, size_t size,
				 int order)
{
	op.kind = EX_LOAD;
	op.addr = p;
	op.size = (uint8_t)size;
	op.order = (uint8_t)order;
	return ex_visible(&op);
}

static inline void word_store(struct ex_op op, void *p, size_t size, uint64_t v,
			      int order)
{
	op.kind = EX_STORE;
	op.addr = p;
	op.size = (uint8_t)size;
	op.order = (uint8_t)order;
	op.arg = v;
	ex_visible(&op);
}

/* Returns what was there. */
static inline uint64_t word_rmw(struct ex_op op, void *p, size_t size,
				enum ex_fn fn, uint64_t v, int order)
{
	op.kind = EX_RMW;
	op.addr = p;
	op.size = (uint8_t)size;
	op.fn = (uint8_t)fn;
	op.order = (uint8_t)order;
	op.arg = v;
	return ex_visible(&op);
}

/* Replaces old by new and returns true, or does nothing, without order. */
static inline bool word_cmpxchg(struct ex_op op, void *p, size_t size,
				uint64_t old, uint64_t new, int order)
{
	op.kind = EX_CMPXCHG;
	op.addr = p;
	op.size = (uint8_t)size;
	op.order = (uint8_t)order;
	op.fail_order = __ATOMIC_RELAXED;
	op.expected = old;
	op.arg = new;
	return ex_visible(&op) == old;
}

/* Makes op wait until (value & mask) is want, or with NE is not. */
static inline struct ex_op word_await(struct ex_op op, uint64_t mask,
				      uint64_t want, unsigned int flags)
{
	op.flags |= (uint8_t)(EX_AWAIT | flags);
	op.await_mask = mask;
	op.await_want = want;
	return op;
}

/* One of nr alternatives, each of which is explored. */
static inline unsigned int word_choose(struct ex_op op, unsigned int nr)
{
	op.kind = EX_CHOICE;
	op.arg = nr;
	return nr > 1 ? (unsigned int)ex_visible(&op) : 0;
}

/* ---- a set of waiting threads: 64 bits, one for each ---- */

/* Puts the calling thread into the set, which says: I shall wait. */
void word_enqueue(struct ex_op op, uint64_t *set);
/* Waits until somebody takes it out. */
void word_wait(struct ex_op op, uint64_t *set);
/* Takes itself out. */
void word_dequeue(struct ex_op op, uint64_t *set);
/* Takes out up to nr of the threads in the set, any of them. */
void word_wake(struct ex_op op, uint64_t *set, int nr);

#endif /* PAGESIM_EXPLORE_WORD_H */
