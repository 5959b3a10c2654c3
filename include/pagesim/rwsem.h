/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Reader-writer semaphores: any number of readers, or one writer.
 *
 * Models: include/linux/rwsem.h, kernel/locking/rwsem.c at v6.12: a writer
 * that waits keeps new readers out, so that it gets its turn; not recursive,
 * for readers neither. No spinning, no handoff bit, not interruptible.
 *
 * Ordering: acquire on the way in, release on the way out.
 * Context: may sleep; never in an interrupt or softirq.
 */
#ifndef PAGESIM_RWSEM_H
#define PAGESIM_RWSEM_H

#include <pagesim/wait.h>

struct rw_semaphore {
	wait_queue_head_t wait; /* its lock protects the other two */
	int count; /* readers, or -1 for a writer */
	unsigned int writers_waiting;
};

void init_rwsem(struct rw_semaphore *sem);

void down_read(struct rw_semaphore *sem);
bool down_read_trylock(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);

void down_write(struct rw_semaphore *sem);
bool down_write_trylock(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);

/* From writer to reader, with no other writer in between. */
void downgrade_write(struct rw_semaphore *sem);

/* By readers or by a writer. */
static inline bool rwsem_is_locked(const struct rw_semaphore *sem)
{
	return READ_ONCE(sem->count) != 0;
}

#endif /* PAGESIM_RWSEM_H */
