/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Reader-writer semaphores: any number of readers, or one writer.
 *
 * Models: include/linux/rwsem.h, kernel/locking/rwsem.c at v6.12: a writer
 * that waits keeps new readers out, so that it gets its turn; not recursive,
 * for readers neither, and lockdep reports who tries. No spinning, no handoff
 * bit.
 *
 * Ordering: acquire on the way in, release on the way out.
 * Context: down_read() and down_write() may sleep (might_sleep.h), the others
 * are for any.
 *
 * Differs from the kernel: no signals, so the killable forms do what the
 * plain one does. lockdep's part is found by the semaphore's address
 * (lockdep.h). The calls that lock are macros, to know their callers.
 */
#ifndef PAGESIM_RWSEM_H
#define PAGESIM_RWSEM_H

#include <pagesim/bug.h>
#include <pagesim/lockdep.h>
#include <pagesim/wait.h>

struct rw_semaphore {
	int count; /* readers, or -1 for a writer */
	unsigned int writers_waiting;
	wait_queue_head_t wait; /* its lock protects the other two */
};

#define __RWSEM_INITIALIZER(name)                                \
	{                                                        \
		.wait = __WAIT_QUEUE_HEAD_INITIALIZER(name.wait) \
	}
/* To lockdep a class of its own, without a name. */
#define DECLARE_RWSEM(name) struct rw_semaphore name = __RWSEM_INITIALIZER(name)

void __init_rwsem(struct rw_semaphore *sem, const char *name,
		  const struct lock_class_key *key);

/* Those that one init_rwsem() initialises are one class to lockdep. */
#define init_rwsem(sem)                             \
	do {                                        \
		static struct lock_class_key __key; \
                                                    \
		__init_rwsem((sem), #sem, &__key);  \
	} while (0)

void pagesim_down_read(struct rw_semaphore *sem);
bool pagesim_down_read_trylock(struct rw_semaphore *sem);
void pagesim_down_write(struct rw_semaphore *sem);
bool pagesim_down_write_trylock(struct rw_semaphore *sem);

#define __RWSEM_READ ((enum lock_mode)(LOCK_READ | LOCK_SLEEPS))
#define __RWSEM_WRITE ((enum lock_mode)(LOCK_WRITE | LOCK_SLEEPS))

static __always_inline void __pagesim_down_read(struct rw_semaphore *sem,
						unsigned int subclass,
						const char *file, int line)
{
	might_sleep_at(file, line);
	lock_acquire(sem, subclass, false, __RWSEM_READ, NULL, file, line);
	pagesim_down_read(sem);
}

static __always_inline void __pagesim_down_write(struct rw_semaphore *sem,
						 unsigned int subclass,
						 const void *nest,
						 const char *file, int line)
{
	might_sleep_at(file, line);
	lock_acquire(sem, subclass, false, __RWSEM_WRITE, nest, file, line);
	pagesim_down_write(sem);
}

/* got: whether it was. */
static __always_inline bool __pagesim_down_try(struct rw_semaphore *sem,
					       bool got, enum lock_mode mode,
					       const char *file, int line)
{
	if (got)
		lock_acquire(sem, 0, true, mode, NULL, file, line);
	return got;
}

#define down_read(sem) down_read_nested(sem, 0)
#define down_write(sem) down_write_nested(sem, 0)
#define down_read_trylock(sem)                                                \
	__pagesim_down_try(sem, pagesim_down_read_trylock(sem), __RWSEM_READ, \
			   __FILE__, __LINE__)
#define down_write_trylock(sem)                                  \
	__pagesim_down_try(sem, pagesim_down_write_trylock(sem), \
			   __RWSEM_WRITE, __FILE__, __LINE__)

/* subclass is below MAX_LOCKDEP_SUBCLASSES and says how deep in a hierarchy. */
#define down_read_nested(sem, subclass) \
	__pagesim_down_read(sem, subclass, __FILE__, __LINE__)
#define down_write_nested(sem, subclass) \
	__pagesim_down_write(sem, subclass, NULL, __FILE__, __LINE__)

/* Whoever takes more than one of the class holds the lock nest. */
#define down_write_nest_lock(sem, nest) \
	__pagesim_down_write(sem, 0, nest, __FILE__, __LINE__)

/* Return 0. */
#define down_read_killable(sem) (down_read(sem), 0)
#define down_write_killable(sem) (down_write(sem), 0)

/* Reported in tier "vm": nobody is in as what is left. */
void up_read(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);

/* From writer to reader, with no other writer in between. */
void downgrade_write(struct rw_semaphore *sem);

/* By readers or by a writer. */
static inline bool rwsem_is_locked(const struct rw_semaphore *sem)
{
	return READ_ONCE(sem->count) != 0;
}

/* Somebody waits. */
static inline bool rwsem_is_contended(const struct rw_semaphore *sem)
{
	return waitqueue_active(&sem->wait);
}

/* By the caller, where lockdep knows; else by anybody. A warn report if not. */
static inline void rwsem_assert_held(const struct rw_semaphore *sem)
{
	lockdep_assert_held(sem);
	WARN_ON(!rwsem_is_locked(sem));
}

static inline void rwsem_assert_held_write(const struct rw_semaphore *sem)
{
	lockdep_assert_held_write(sem);
	WARN_ON(READ_ONCE(sem->count) >= 0);
}

#endif /* PAGESIM_RWSEM_H */
