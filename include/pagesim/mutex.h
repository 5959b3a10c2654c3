/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Mutexes: locks that one sleeps for.
 *
 * Models: include/linux/mutex.h, kernel/locking/mutex.c at v6.12: owned by
 * the thread that took it, which alone may unlock it; not recursive. No
 * spinning for an owner that runs, no handoff.
 *
 * Ordering: acquire on lock, release on unlock.
 * Context: may sleep (might_sleep.h) but for trylock and unlock, which are
 * for a thread's own context, too: never in an interrupt or softirq.
 *
 * Differs from the kernel: who takes what it has is a bug-on report, with
 * tier "vm". No signals, so the killable forms do what the plain one does.
 * lockdep's part is found by the mutex's address (lockdep.h). The calls that
 * lock are macros, to know their callers.
 */
#ifndef PAGESIM_MUTEX_H
#define PAGESIM_MUTEX_H

#include <pagesim/lockdep.h>
#include <pagesim/wait.h>

struct mutex {
	struct pagesim_cpu *owner; /* NULL: free */
	wait_queue_head_t wait;
};

#define __MUTEX_INITIALIZER(name)                                \
	{                                                        \
		.wait = __WAIT_QUEUE_HEAD_INITIALIZER(name.wait) \
	}
/* To lockdep a class of its own, without a name. */
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)

void __mutex_init(struct mutex *lock, const char *name,
		  const struct lock_class_key *key);

/* The mutexes that one mutex_init() initialises are one class to lockdep. */
#define mutex_init(lock)                             \
	do {                                         \
		static struct lock_class_key __key;  \
                                                     \
		__mutex_init((lock), #lock, &__key); \
	} while (0)

/* Nobody has it, nobody waits: reported as WARN_ON() if somebody does. */
#define mutex_destroy(lock) ((void)WARN_ON(mutex_is_locked(lock)))

void pagesim_mutex_lock(struct mutex *lock);
bool pagesim_mutex_trylock(struct mutex *lock);

static __always_inline void __pagesim_mutex_lock(struct mutex *lock,
						 unsigned int subclass,
						 const void *nest,
						 const char *file, int line)
{
	might_sleep_at(file, line);
	lock_acquire(lock, subclass, false,
		     (enum lock_mode)(LOCK_WRITE | LOCK_SLEEPS), nest, file,
		     line);
	pagesim_mutex_lock(lock);
}

static __always_inline bool __pagesim_mutex_trylock(struct mutex *lock,
						    const char *file, int line)
{
	if (!pagesim_mutex_trylock(lock))
		return false;
	lock_acquire(lock, 0, true, (enum lock_mode)(LOCK_WRITE | LOCK_SLEEPS),
		     NULL, file, line);
	return true;
}

#define mutex_lock(lock) mutex_lock_nested(lock, 0)
#define mutex_trylock(lock) __pagesim_mutex_trylock(lock, __FILE__, __LINE__)

/* subclass is below MAX_LOCKDEP_SUBCLASSES and says how deep in a hierarchy. */
#define mutex_lock_nested(lock, subclass) \
	__pagesim_mutex_lock(lock, subclass, NULL, __FILE__, __LINE__)

/* Whoever takes more than one of the class holds the lock nest. */
#define mutex_lock_nest_lock(lock, nest) \
	__pagesim_mutex_lock(lock, 0, nest, __FILE__, __LINE__)

/* Return 0. */
#define mutex_lock_killable(lock) (mutex_lock(lock), 0)
#define mutex_lock_interruptible(lock) (mutex_lock(lock), 0)

/* Reported in tier "vm": another thread's, or nobody's. */
void mutex_unlock(struct mutex *lock);

static inline bool mutex_is_locked(const struct mutex *lock)
{
	return READ_ONCE(lock->owner) != NULL;
}

#endif /* PAGESIM_MUTEX_H */
