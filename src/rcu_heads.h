/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * The rcu_heads that are queued, and from where: a set beside them, because
 * nothing in a head that was never queued can be trusted, not even to be
 * initialised. Grows as needed; where memory runs out it forgets, and finds
 * less. Context of all of it: the queue's lock.
 */
#ifndef PAGESIM_SRC_RCU_HEADS_H
#define PAGESIM_SRC_RCU_HEADS_H

#include <pagesim/types.h>

struct queued_head {
	const struct rcu_head *head; /* NULL: a free entry */
	const char *file;
	int line;
};

/* Returns the entry that is there already, or NULL and makes one. */
const struct queued_head *rcu_heads_add(const struct rcu_head *head,
					const char *file, int line);
void rcu_heads_del(const struct rcu_head *head);

/* Forgets all of them. */
void rcu_heads_clear(void);

#endif /* PAGESIM_SRC_RCU_HEADS_H */
