// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/atomic.h>
#include <pagesim/bug.h>
#include <pagesim/mutex.h>
#include <pagesim/trace_events.h>

#include "cpu.h"

void __mutex_init(struct mutex *lock, const char *name,
		  const struct lock_class_key *key)
{
	lock->owner = NULL;
	init_waitqueue_head(&lock->wait);
	lockdep_init_map(lock, name, key);
}

bool pagesim_mutex_trylock(struct mutex *lock)
{
	struct pagesim_cpu *free = NULL;

	return try_cmpxchg_acquire(&lock->owner, &free, cpu_self());
}

static noinline void mutex_lock_slow(struct mutex *lock)
{
	wait_queue_entry_t entry;

	VM_BUG_ON(READ_ONCE(lock->owner) == cpu_self());
	trace_contention_begin(lock, LCB_F_MUTEX);
	init_wait(&entry);
	for (;;) {
		prepare_to_wait_exclusive(&lock->wait, &entry,
					  TASK_UNINTERRUPTIBLE);
		if (pagesim_mutex_trylock(lock))
			break;
		schedule();
	}
	finish_wait(&lock->wait, &entry);
	trace_contention_end(lock, 0);
}

void pagesim_mutex_lock(struct mutex *lock)
{
	if (unlikely(!pagesim_mutex_trylock(lock)))
		mutex_lock_slow(lock);
}

/*
 * Free first, then a look whether somebody waits, with a full barrier in
 * between: a waiter is on the queue before it tries for the last time.
 */
void mutex_unlock(struct mutex *lock)
{
	VM_BUG_ON(READ_ONCE(lock->owner) != cpu_self());
	lock_release(lock);
	smp_store_release(&lock->owner, NULL);
	smp_mb();
	if (waitqueue_active(&lock->wait))
		wake_up(&lock->wait);
}
