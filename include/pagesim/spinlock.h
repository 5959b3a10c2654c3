/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * spinlock_t: a raw spinlock that lockdep may follow. One 32-bit word.
 *
 * Models: include/linux/spinlock.h, include/linux/spinlock_api_smp.h at
 * v6.12: acquire on lock, release on unlock, not recursive. The _bh and _irq
 * forms disable first and then lock, unlock first and then enable; what the
 * enable lets in finds the lock free.
 *
 * Differs from the kernel: lockdep's part is not in the lock but found by
 * its address (lockdep.h). The calls are macros, to know their callers.
 */
#ifndef PAGESIM_SPINLOCK_H
#define PAGESIM_SPINLOCK_H

#include <pagesim/barrier.h>
#include <pagesim/compiler.h>
#include <pagesim/cpu.h>
#include <pagesim/lockdep.h>
#include <pagesim/raw_spinlock.h>
#include <pagesim/types.h>

typedef struct spinlock {
	raw_spinlock_t rlock;
} spinlock_t;

#define __SPIN_LOCK_UNLOCKED             \
	{                                \
		__RAW_SPIN_LOCK_UNLOCKED \
	}
/* To lockdep a class of its own, without a name. */
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED

static inline void __pagesim_spin_lock_init(spinlock_t *lock, const char *name,
					    const struct lock_class_key *key)
{
	raw_spin_lock_init(&lock->rlock);
	lockdep_init_map(lock, name, key);
}

/* The locks that one spin_lock_init() initialises are one class to lockdep. */
#define spin_lock_init(lock)                                     \
	do {                                                     \
		static struct lock_class_key __key;              \
                                                                 \
		__pagesim_spin_lock_init((lock), #lock, &__key); \
	} while (0)

static __always_inline void __pagesim_spin_lock(spinlock_t *lock,
						unsigned int subclass,
						const void *nest,
						const char *file, int line)
{
	lock_acquire(lock, subclass, false, LOCK_WRITE, nest, file, line);
	raw_spin_lock(&lock->rlock);
}

static __always_inline bool __pagesim_spin_trylock(spinlock_t *lock,
						   const char *file, int line)
{
	if (!raw_spin_trylock(&lock->rlock))
		return false;
	lock_acquire(lock, 0, true, LOCK_WRITE, NULL, file, line);
	return true;
}

#define spin_lock(lock) __pagesim_spin_lock(lock, 0, NULL, __FILE__, __LINE__)
#define spin_trylock(lock) __pagesim_spin_trylock(lock, __FILE__, __LINE__)

/* subclass is below MAX_LOCKDEP_SUBCLASSES and says how deep in a hierarchy. */
#define spin_lock_nested(lock, subclass) \
	__pagesim_spin_lock(lock, subclass, NULL, __FILE__, __LINE__)

/* Whoever takes more than one of the class holds the spinlock nest. */
#define spin_lock_nest_lock(lock, nest) \
	__pagesim_spin_lock(lock, 0, nest, __FILE__, __LINE__)

static __always_inline void spin_unlock(spinlock_t *lock)
{
	lock_release(lock);
	raw_spin_unlock(&lock->rlock);
}

/* Softirqs off; those that became pending run in the unlock. */
#define spin_lock_bh(lock)          \
	do {                        \
		local_bh_disable(); \
		spin_lock(lock);    \
	} while (0)

static inline void spin_unlock_bh(spinlock_t *lock)
{
	spin_unlock(lock);
	local_bh_enable();
}

/* Interrupts off. Context: they were on. */
#define spin_lock_irq(lock)          \
	do {                         \
		local_irq_disable(); \
		spin_lock(lock);     \
	} while (0)

static inline void spin_unlock_irq(spinlock_t *lock)
{
	spin_unlock(lock);
	local_irq_enable();
}

#define spin_lock_irqsave(lock, flags) \
	do {                           \
		local_irq_save(flags); \
		spin_lock(lock);       \
	} while (0)

static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	local_irq_restore(flags);
}

/*
 * After a spin_lock(): makes it a full barrier between what is before it and
 * what is after this. On x86-64 the lock's instruction is one already.
 */
#if defined(__x86_64__) && !defined(PAGESIM_TSAN) && !defined(PAGESIM_EXPLORE)
#define smp_mb__after_spinlock() barrier()
#else
#define smp_mb__after_spinlock() smp_mb()
#endif

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return raw_spin_is_locked(&lock->rlock);
}

#endif /* PAGESIM_SPINLOCK_H */
