// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/bug.h>
#include <pagesim/rwsem.h>
#include <pagesim/trace_events.h>

#define WRITER (-1)

void __init_rwsem(struct rw_semaphore *sem, const char *name,
		  const struct lock_class_key *key)
{
	init_waitqueue_head(&sem->wait);
	sem->count = 0;
	sem->writers_waiting = 0;
	lockdep_init_map(sem, name, key);
}

static unsigned long lock_state(struct rw_semaphore *sem)
{
	unsigned long flags;

	spin_lock_irqsave(&sem->wait.lock, flags);
	return flags;
}

static void unlock_state(struct rw_semaphore *sem, unsigned long flags)
{
	spin_unlock_irqrestore(&sem->wait.lock, flags);
}

/* A writer that waits goes first, unless it is this one. */
static bool may_enter(const struct rw_semaphore *sem, int as)
{
	if (as == WRITER)
		return sem->count == 0;
	return sem->count >= 0 && !sem->writers_waiting;
}

/* waits: the caller is one of writers_waiting, and will not be if it enters. */
static bool try_enter(struct rw_semaphore *sem, int as, bool waits)
{
	unsigned long flags = lock_state(sem);
	bool enter = may_enter(sem, as);

	if (enter) {
		WRITE_ONCE(sem->count, sem->count + as);
		if (waits && as == WRITER)
			sem->writers_waiting--;
	}
	unlock_state(sem, flags);
	return enter;
}

static void enter(struct rw_semaphore *sem, int as)
{
	wait_queue_entry_t entry;
	unsigned long flags;

	if (try_enter(sem, as, false))
		return;
	trace_contention_begin(sem, as == WRITER ? LCB_F_WRITE : LCB_F_READ);
	if (as == WRITER) {
		flags = lock_state(sem);
		sem->writers_waiting++;
		unlock_state(sem, flags);
	}
	init_wait(&entry);
	for (;;) {
		prepare_to_wait(&sem->wait, &entry, TASK_UNINTERRUPTIBLE);
		if (try_enter(sem, as, true))
			break;
		schedule();
	}
	finish_wait(&sem->wait, &entry);
	trace_contention_end(sem, 0);
}

/* Everybody that waits looks for himself: few do, and no turn is lost. */
static void leave(struct rw_semaphore *sem, int as)
{
	unsigned long flags = lock_state(sem);
	bool was = as == WRITER ? sem->count == WRITER : sem->count > 0;

	if (was)
		WRITE_ONCE(sem->count, sem->count - as);
	__wake_up_locked_key(&sem->wait, TASK_NORMAL, 0, NULL);
	unlock_state(sem, flags);
	VM_BUG_ON(!was); /* nobody was in as what is left */
}

void pagesim_down_read(struct rw_semaphore *sem)
{
	enter(sem, 1);
}

bool pagesim_down_read_trylock(struct rw_semaphore *sem)
{
	return try_enter(sem, 1, false);
}

void up_read(struct rw_semaphore *sem)
{
	lock_release(sem);
	leave(sem, 1);
}

void pagesim_down_write(struct rw_semaphore *sem)
{
	enter(sem, WRITER);
}

bool pagesim_down_write_trylock(struct rw_semaphore *sem)
{
	return try_enter(sem, WRITER, false);
}

void up_write(struct rw_semaphore *sem)
{
	lock_release(sem);
	leave(sem, WRITER);
}

/* Readers that wait may come in, too, if no writer waits. */
void downgrade_write(struct rw_semaphore *sem)
{
	unsigned long flags;
	bool was;

	lock_downgrade(sem);
	flags = lock_state(sem);
	was = sem->count == WRITER;

	if (was)
		WRITE_ONCE(sem->count, 1);
	__wake_up_locked_key(&sem->wait, TASK_NORMAL, 0, NULL);
	unlock_state(sem, flags);
	VM_BUG_ON(!was);
}
