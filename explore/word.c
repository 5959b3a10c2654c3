// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Sets of waiting threads, and what an operation does outside an
 * exploration.
 */
#include <stdio.h>
#include <unistd.h>

#include "word.h"

static uint64_t my_bit(void)
{
	return 1ull << (ex_cur->id & 63);
}

void word_enqueue(struct ex_op op, uint64_t *set)
{
	word_rmw(op, set, 8, EX_FN_OR, my_bit(), __ATOMIC_ACQ_REL);
}

void word_dequeue(struct ex_op op, uint64_t *set)
{
	word_rmw(op, set, 8, EX_FN_AND, ~my_bit(), __ATOMIC_ACQ_REL);
}

void word_wait(struct ex_op op, uint64_t *set)
{
	word_load(word_await(op, my_bit(), 0, 0), set, 8, __ATOMIC_ACQUIRE);
}

static uint64_t nth_bit(uint64_t set, unsigned int n)
{
	while (n--)
		set &= set - 1;
	return set & -set;
}

void word_wake(struct ex_op op, uint64_t *set, int nr)
{
	uint64_t waiting, bit;

	if (nr >= EX_MAX_THREADS) {
		word_rmw(op, set, 8, EX_FN_XCHG, 0, __ATOMIC_ACQ_REL);
		return;
	}
	while (nr > 0) {
		waiting = word_load(op, set, 8, __ATOMIC_RELAXED);
		if (!waiting)
			return;
		bit = nth_bit(waiting,
			      word_choose(op,
					  (unsigned int)__builtin_popcountll(
						  waiting)));
		if (word_cmpxchg(op, set, 8, waiting, waiting & ~bit,
				 __ATOMIC_ACQ_REL))
			nr--;
	}
}

uint64_t ex_visible_outside(const struct ex_op *op)
{
	uint64_t old = 0;

	if (op->addr)
		old = ex_mem_read(op->addr, op->size);
	if (!ex_await_holds(op, old)) {
		fprintf(stderr,
			"explore: %s() would wait for ever: there is no "
			"other thread outside an exploration\n",
			op->name ? op->name : "an operation");
		_exit(1);
	}
	switch (op->kind) {
	case EX_STORE:
		ex_mem_write(op->addr, op->size, op->arg);
		break;
	case EX_RMW:
		ex_mem_write(op->addr, op->size, ex_rmw_result(op, old));
		break;
	case EX_CMPXCHG:
		if (old == op->expected)
			ex_mem_write(op->addr, op->size, op->arg);
		break;
	default:
		break;
	}
	return old;
}
