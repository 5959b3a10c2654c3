// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/raw_spinlock.h>

#include "platform.h"

enum {
	FREE,
	HELD,
	HELD_WITH_SLEEPERS
};

/* About as long as a short critical section; then the holder is not running. */
#define SPINS_BEFORE_PARKING 100

void __pagesim_spin_lock_slow(raw_spinlock_t *lock)
{
	for (int i = 0; i < SPINS_BEFORE_PARKING; i++) {
		if (READ_ONCE(lock->word) == FREE && raw_spin_trylock(lock))
			return;
		platform_relax();
	}
	/*
	 * Who takes the lock from here leaves it marked as having sleepers,
	 * since there may be others: one wake-up too many, none too few.
	 */
	while (__atomic_exchange_n(&lock->word, HELD_WITH_SLEEPERS,
				   __ATOMIC_ACQUIRE) != FREE)
		platform_park(&lock->word, HELD_WITH_SLEEPERS);
}

/* The word is free already: one sleeper may try for it. */
void __pagesim_spin_unlock_slow(raw_spinlock_t *lock)
{
	platform_unpark(&lock->word, 1);
}
