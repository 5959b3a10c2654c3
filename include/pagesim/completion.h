/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Completions: one side waits until the other has said "done" once more than
 * others have waited.
 *
 * Models: include/linux/completion.h, kernel/sched/completion.c at v6.12. No
 * timeouts.
 *
 * Ordering: what was written before complete() is seen after
 * wait_for_completion().
 */
#ifndef PAGESIM_COMPLETION_H
#define PAGESIM_COMPLETION_H

#include <pagesim/wait.h>

struct completion {
	unsigned int done; /* ~0u: for everybody, for ever */
	wait_queue_head_t wait; /* its lock protects done */
};

/*
 * Nothing done, nobody waits. Context: any, x is nobody else's yet. Ordering:
 * none; what publishes x has to order.
 */
void init_completion(struct completion *x);

/* To be used again. Context: nobody waits or completes. Ordering: none. */
static inline void reinit_completion(struct completion *x)
{
	x->done = 0;
}

/* Context: any. */
void complete(struct completion *x);
void complete_all(struct completion *x);

/* Context: may sleep. */
void wait_for_completion(struct completion *x);

/* Takes one "done" if there is one, without sleeping. */
bool try_wait_for_completion(struct completion *x);

/* Whether there is one. */
bool completion_done(struct completion *x);

#endif /* PAGESIM_COMPLETION_H */
