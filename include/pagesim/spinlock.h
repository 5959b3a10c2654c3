/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * spinlock_t: one 32-bit word.
 *
 * Models: include/linux/spinlock.h at v6.12: acquire on lock, release on
 * unlock, not recursive.
 *
 * The word is 0 free, 1 held, 2 held with somebody asleep. The uncontended
 * pair is inline; a waiter spins a little and then parks, because a
 * simulated CPU is a thread that its host may have preempted while it holds
 * the lock. Not fair: who asks again first, gets it.
 */
#ifndef PAGESIM_SPINLOCK_H
#define PAGESIM_SPINLOCK_H

#include <pagesim/compiler.h>
#include <pagesim/types.h>

typedef struct spinlock {
	u32 word;
} spinlock_t;

#define __SPIN_LOCK_UNLOCKED \
	{                    \
		0            \
	}
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED

void __pagesim_spin_lock_slow(spinlock_t *lock);
void __pagesim_spin_unlock_slow(spinlock_t *lock);

static inline void spin_lock_init(spinlock_t *lock)
{
	WRITE_ONCE(lock->word, 0);
}

static __always_inline bool spin_trylock(spinlock_t *lock)
{
	u32 free = 0;

	return __atomic_compare_exchange_n(&lock->word, &free, 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static __always_inline void spin_lock(spinlock_t *lock)
{
	if (unlikely(!spin_trylock(lock)))
		__pagesim_spin_lock_slow(lock);
}

static __always_inline void spin_unlock(spinlock_t *lock)
{
	if (unlikely(__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) !=
		     1))
		__pagesim_spin_unlock_slow(lock);
}

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return READ_ONCE(lock->word) != 0;
}

#endif /* PAGESIM_SPINLOCK_H */
