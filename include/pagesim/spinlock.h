/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * spinlock_t: a raw spinlock.
 *
 * Models: include/linux/spinlock.h at v6.12: acquire on lock, release on
 * unlock, not recursive.
 */
#ifndef PAGESIM_SPINLOCK_H
#define PAGESIM_SPINLOCK_H

#include <pagesim/compiler.h>
#include <pagesim/raw_spinlock.h>
#include <pagesim/types.h>

typedef struct spinlock {
	raw_spinlock_t rlock;
} spinlock_t;

#define __SPIN_LOCK_UNLOCKED             \
	{                                \
		__RAW_SPIN_LOCK_UNLOCKED \
	}
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED

static inline void spin_lock_init(spinlock_t *lock)
{
	raw_spin_lock_init(&lock->rlock);
}

static __always_inline bool spin_trylock(spinlock_t *lock)
{
	return raw_spin_trylock(&lock->rlock);
}

static __always_inline void spin_lock(spinlock_t *lock)
{
	raw_spin_lock(&lock->rlock);
}

static __always_inline void spin_unlock(spinlock_t *lock)
{
	raw_spin_unlock(&lock->rlock);
}

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return raw_spin_is_locked(&lock->rlock);
}

#endif /* PAGESIM_SPINLOCK_H */
