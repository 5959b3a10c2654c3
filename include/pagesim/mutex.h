/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Mutexes: locks that one sleeps for.
 *
 * Models: include/linux/mutex.h, kernel/locking/mutex.c at v6.12: owned by
 * the thread that took it, which alone may unlock it; not recursive. No
 * spinning for an owner that runs, no handoff, not interruptible.
 *
 * Ordering: acquire on lock, release on unlock.
 * Context: may sleep; never in an interrupt or softirq.
 */
#ifndef PAGESIM_MUTEX_H
#define PAGESIM_MUTEX_H

#include <pagesim/wait.h>

struct mutex {
	struct pagesim_cpu *owner; /* NULL: free */
	wait_queue_head_t wait;
};

void mutex_init(struct mutex *lock);

void mutex_lock(struct mutex *lock);
bool mutex_trylock(struct mutex *lock);

/* Reported in tier "vm": another thread's, or nobody's. */
void mutex_unlock(struct mutex *lock);

static inline bool mutex_is_locked(const struct mutex *lock)
{
	return READ_ONCE(lock->owner) != NULL;
}

#endif /* PAGESIM_MUTEX_H */
