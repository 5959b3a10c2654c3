/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * raw_spinlock_t: one 32-bit word, and nothing watches it.
 *
 * Models: include/linux/spinlock_types_raw.h at v6.12: acquire on lock,
 * release on unlock, not recursive.
 *
 * A byte says that it is held, another that somebody sleeps for it. The
 * uncontended pair is inline and, as the kernel's, one atomic operation and
 * a store; a waiter spins a little and then parks, because a simulated CPU
 * is a thread that its host may have preempted while it holds the lock. Not
 * fair: who asks again first, gets it.
 *
 * The unlocker stores one byte and loads the other with nothing in between
 * that orders the two. It is the waiter who pays: before its last look at the
 * lock it makes every thread of the process pass a barrier.
 *
 * Differs from the kernel: lockdep does not follow it. It is for what
 * lockdep and the simulated CPUs are made of; simulated code has spinlock_t.
 */
#ifndef PAGESIM_RAW_SPINLOCK_H
#define PAGESIM_RAW_SPINLOCK_H

#include <pagesim/compiler.h>
#include <pagesim/types.h>

typedef struct raw_spinlock {
	union {
		u32 word; /* what a waiter parks on */
		struct {
			u8 locked;
			u8 sleepers; /* one may be asleep */
		};
	};
} raw_spinlock_t;

#define __RAW_SPIN_LOCK_UNLOCKED \
	{                        \
		{                \
			0        \
		}                \
	}
#define DEFINE_RAW_SPINLOCK(name) raw_spinlock_t name = __RAW_SPIN_LOCK_UNLOCKED

void __pagesim_spin_lock_slow(raw_spinlock_t *lock);
void __pagesim_spin_unlock_slow(raw_spinlock_t *lock);

static inline void raw_spin_lock_init(raw_spinlock_t *lock)
{
	WRITE_ONCE(lock->word, 0);
}

#ifdef PAGESIM_EXPLORED

/* The explorer knows who waits for whom, and lets nobody spin. */
void pagesim_explore_lock(u8 *locked);
bool pagesim_explore_trylock(u8 *locked);
void pagesim_explore_unlock(u8 *locked);

static __always_inline bool raw_spin_trylock(raw_spinlock_t *lock)
{
	return pagesim_explore_trylock(&lock->locked);
}

static __always_inline void raw_spin_lock(raw_spinlock_t *lock)
{
	pagesim_explore_lock(&lock->locked);
}

static __always_inline void raw_spin_unlock(raw_spinlock_t *lock)
{
	pagesim_explore_unlock(&lock->locked);
}

#elif defined(PAGESIM_EXPLORE)

/* Nothing runs between two events: who is not seen has the lock. */
static __always_inline bool raw_spin_trylock(raw_spinlock_t *lock)
{
	return !lock->locked;
}

static __always_inline void raw_spin_lock(raw_spinlock_t *lock)
{
	(void)lock;
}

static __always_inline void raw_spin_unlock(raw_spinlock_t *lock)
{
	(void)lock;
}

#else

static __always_inline bool raw_spin_trylock(raw_spinlock_t *lock)
{
	u8 free = 0;

	return likely(__atomic_compare_exchange_n(&lock->locked, &free, 1,
						  false, __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED));
}

static __always_inline void raw_spin_lock(raw_spinlock_t *lock)
{
	if (unlikely(!raw_spin_trylock(lock)))
		__pagesim_spin_lock_slow(lock);
}

static __always_inline void raw_spin_unlock(raw_spinlock_t *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
	barrier(); /* all that is needed here: see above */
	if (unlikely(READ_ONCE(lock->sleepers)))
		__pagesim_spin_unlock_slow(lock);
}

#endif

static inline bool raw_spin_is_locked(const raw_spinlock_t *lock)
{
	return READ_ONCE(lock->locked);
}

#endif /* PAGESIM_RAW_SPINLOCK_H */
