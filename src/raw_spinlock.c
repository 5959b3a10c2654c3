// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/raw_spinlock.h>
#include <pagesim/trace_events.h>

#include "platform.h"

/* About as long as a short critical section; then the holder is not running. */
#define SPINS_BEFORE_PARKING 100

/* The word while somebody holds it and somebody sleeps. */
static const raw_spinlock_t asleep = { { .locked = 1, .sleepers = 1 } };

static void wait_for_lock(raw_spinlock_t *lock)
{
	bool can_sleep;

	for (int i = 0; i < SPINS_BEFORE_PARKING; i++) {
		if (!raw_spin_is_locked(lock) && raw_spin_trylock(lock))
			return;
		platform_relax();
	}
	for (;;) {
		/*
		 * Either the unlocker sees this, or its store is seen here: it
		 * has passed a barrier, before its load or after its store.
		 */
		WRITE_ONCE(lock->sleepers, (u8)1);
		can_sleep = platform_membarrier();
		if (raw_spin_trylock(lock))
			return;
		if (can_sleep)
			platform_park(&lock->word, asleep.word);
		else
			platform_yield();
	}
}

void __pagesim_spin_lock_slow(raw_spinlock_t *lock)
{
	trace_contention_begin(lock, LCB_F_SPIN);
	wait_for_lock(lock);
	trace_contention_end(lock, 0);
}

/*
 * The lock is free already: one sleeper may try for it. If there are more, it
 * says so again before it sleeps or takes the lock.
 */
void __pagesim_spin_unlock_slow(raw_spinlock_t *lock)
{
	WRITE_ONCE(lock->sleepers, (u8)0);
	platform_unpark(&lock->word, 1);
}
