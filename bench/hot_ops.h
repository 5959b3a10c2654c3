/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* Hot operations in loops, compiled once for each debug tier. */
#ifndef PAGESIM_BENCH_HOT_OPS_H
#define PAGESIM_BENCH_HOT_OPS_H

#include <pagesim/mm_types.h>
#include <pagesim/spinlock.h>

struct hot_args {
	struct folio *folio; /* with one reference */
	spinlock_t *lock;
	u32 *word; /* a lock by hand, free */
};

typedef void (*hot_loop_t)(const struct hot_args *args, unsigned long nr);

struct hot_op {
	const char *name;
	hot_loop_t lib, hand;
};

#define NR_HOT_OPS 6

/* By tier; those above the one that is built in are not there. */
extern const struct hot_op hot_ops_none[NR_HOT_OPS];
extern const struct hot_op hot_ops_vm[NR_HOT_OPS];
extern const struct hot_op hot_ops_pgflags[NR_HOT_OPS];
extern const struct hot_op hot_ops_full[NR_HOT_OPS];

#endif /* PAGESIM_BENCH_HOT_OPS_H */
