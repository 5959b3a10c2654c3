/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * lockdep: finds deadlocks between locks that never met.
 *
 * Models: include/linux/lockdep.h, kernel/locking/lockdep.c at v6.12. Locks
 * are judged by class. Of a class it is remembered in what contexts it was
 * taken, and in what contexts it was held with interrupts or softirqs on
 * (usage bits); of two classes, that the second was taken under the first.
 * Followed are spinlock_t, struct mutex and struct rw_semaphore; bit
 * spinlocks and the folio lock are not, as in the kernel.
 * Reported, each once between two boots, as PAGESIM_REPORT_LOCKDEP with the
 * kernel's headline as the rule and its details on the console before:
 *
 *   possible circular locking dependency detected
 *   possible recursive locking detected
 *   inconsistent lock state: inconsistent {OLD} -> {NEW} usage.
 *   possible irq lock inversion dependency detected
 *   SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected (and HARDIRQ)
 *   suspicious RCU usage (what is, says rcupdate.h)
 *
 * On from pagesim_boot() if the tier is "full" and the configuration has no
 * no_lockdep; with PAGESIM_DEBUG 0 nothing of it is compiled in. A thread is
 * followed from when it has a CPU (cpu.h): who boots from then on, a thread of
 * the host that only takes spinlocks never.
 *
 * Differs from the kernel: it goes on after a report. A dependency that was
 * reported is left out of the graph, so that one mistake is not told again
 * through every path that it makes. A lock has no room for its class: it is
 * found by address, so memory with locks is to be given to
 * lockdep_free_range() before it is freed, unless its next user initialises
 * his. No chain cache. Recursive readers take no part in dependencies (the
 * kernel has followed them since v5.10), and a reader of a class does not
 * conflict with another of the same class. An interrupt from another CPU has
 * a stack of held locks of its own, and does not know of a softirq that it
 * interrupted. An unlock of what is not held is not reported.
 *
 * Context of all of it: any. Where a report is made, no lock of lockdep's
 * own is held, nor yet the lock that the caller is about to wait for.
 */
#ifndef PAGESIM_LOCKDEP_H
#define PAGESIM_LOCKDEP_H

#include <stdbool.h>
#include <stddef.h>
#include <pagesim/bug.h>
#include <pagesim/compiler.h>

#define MAX_LOCKDEP_SUBCLASSES 8

/* Its address stands for a class; it is to be static. */
struct lock_class_key {
	char unused;
};

enum lock_mode {
	LOCK_WRITE, /* alone: a spinlock */
	LOCK_READ, /* with other readers, behind a writer that waits */
	LOCK_RECURSIVE_READ, /* past a writer that waits, so again and again */
	/* Or-ed to one of them: one sleeps for it, and may with it held. */
	LOCK_SLEEPS = 4,
};

/* What lockdep_is_held() returns. */
enum lock_state {
	LOCK_STATE_UNKNOWN = -1, /* lockdep is off, or the thread has no CPU */
	LOCK_STATE_NOT_HELD,
	LOCK_STATE_HELD,
};

typedef int (*lock_cmp_fn)(const void *held, const void *next);

#if PAGESIM_DEBUG >= 1
/* Written at boot, and where a table is full. */
extern bool lockdep_active;
#define lockdep_enabled() unlikely(PAGESIM_READ_STABLE(lockdep_active))
#else
#define lockdep_enabled() false
#endif

void __lockdep_init_map(const void *lock, const char *name,
			const struct lock_class_key *key);
void __lockdep_free_range(const void *start, size_t size);
void __lock_set_cmp_fn(const void *lock, lock_cmp_fn cmp);
void __lockdep_set_novalidate_class(const void *lock);
void __lock_acquire(const void *lock, unsigned int subclass, bool trylock,
		    enum lock_mode mode, const void *nest, const char *file,
		    int line);
void __lock_release(const void *lock);
void __lock_downgrade(const void *lock);
void __lockdep_hardirqs_on(void);
void __lockdep_softirqs_on(void);
enum lock_state __lockdep_is_held(const void *lock, int read);
unsigned int __lockdep_nr_held(void);
bool __lockdep_rcu_suspicious(const char *file, int line, const char *text);

/* ---- which class a lock is of ---- */

/*
 * Ties the lock to the class of the key, until it is tied to another or
 * forgotten. name is for reports and must stay. A lock that nobody tied is a
 * class of its own, as a static lock of the kernel's is.
 * Context: the lock is not held; a machine was booted.
 */
static inline void lockdep_init_map(const void *lock, const char *name,
				    const struct lock_class_key *key)
{
	if (lockdep_enabled())
		__lockdep_init_map(lock, name, key);
}

/* The same, for who wants another class than its init's. key is a pointer. */
#define lockdep_set_class(lock, key) lockdep_init_map(lock, #key, key)
#define lockdep_set_class_and_name(lock, key, name) \
	lockdep_init_map(lock, name, key)

/*
 * Forgets the locks in [start, start + size), which are at multiples of 4,
 * and the classes that were theirs alone.
 */
static inline void lockdep_free_range(const void *start, size_t size)
{
	if (lockdep_enabled())
		__lockdep_free_range(start, size);
}

/* The same for one lock. */
static inline void lockdep_reset_lock(const void *lock)
{
	lockdep_free_range(lock, 1);
}

/*
 * Two locks of the lock's class (subclass 0) may be held together if
 * cmp(the held one, the next) is below 0.
 */
static inline void lock_set_cmp_fn(const void *lock, lock_cmp_fn cmp)
{
	if (lockdep_enabled())
		__lock_set_cmp_fn(lock, cmp);
}

/* Only whether it is held is followed: no usage, no dependencies. */
static inline void lockdep_set_novalidate_class(const void *lock)
{
	if (lockdep_enabled())
		__lockdep_set_novalidate_class(lock);
}

/* ---- hooks for the locks and for the CPU ---- */

/*
 * Before the lock is waited for or, if trylock, after it was got. subclass
 * is below MAX_LOCKDEP_SUBCLASSES; nest is a lock that is held by whoever
 * takes more than one of this class, or NULL; file and line are the caller's
 * and must stay.
 */
static __always_inline void lock_acquire(const void *lock,
					 unsigned int subclass, bool trylock,
					 enum lock_mode mode, const void *nest,
					 const char *file, int line)
{
	if (lockdep_enabled())
		__lock_acquire(lock, subclass, trylock, mode, nest, file, line);
}

/* Before the lock is free. In any order; of two holds the newer. */
static __always_inline void lock_release(const void *lock)
{
	if (lockdep_enabled())
		__lock_release(lock);
}

/* It was held as LOCK_WRITE and is from here on as LOCK_READ. */
static inline void lock_downgrade(const void *lock)
{
	if (lockdep_enabled())
		__lock_downgrade(lock);
}

/* While interrupts are off still: every held lock is held with them on. */
static inline void lockdep_hardirqs_on(void)
{
	if (lockdep_enabled())
		__lockdep_hardirqs_on();
}

/* The same with softirqs, at the outermost enable. */
static inline void lockdep_softirqs_on(void)
{
	if (lockdep_enabled())
		__lockdep_softirqs_on();
}

/* ---- questions ---- */

/* Whether the caller's CPU holds it, in the context that the caller is in. */
static inline enum lock_state lockdep_is_held(const void *lock)
{
	return lockdep_enabled() ? __lockdep_is_held(lock, -1)
				 : LOCK_STATE_UNKNOWN;
}

/* The same, and held by a reader (read 1), or by a writer (0). */
static inline enum lock_state lockdep_is_held_type(const void *lock, int read)
{
	return lockdep_enabled() ? __lockdep_is_held(lock, read)
				 : LOCK_STATE_UNKNOWN;
}

/* What is unknown passes. A PAGESIM_REPORT_WARN where not. */
#define lockdep_assert_held(lock) \
	WARN_ON(lockdep_is_held(lock) == LOCK_STATE_NOT_HELD)
#define lockdep_assert_not_held(lock) \
	WARN_ON(lockdep_is_held(lock) == LOCK_STATE_HELD)
#define lockdep_assert_held_write(lock) \
	WARN_ON(lockdep_is_held_type(lock, 0) == LOCK_STATE_NOT_HELD)
#define lockdep_assert_held_read(lock) \
	WARN_ON(lockdep_is_held_type(lock, 1) == LOCK_STATE_NOT_HELD)
#define lockdep_assert_held_once(lock) lockdep_assert_held(lock)
#define lockdep_assert_none_held_once() \
	WARN_ON(lockdep_enabled() && __lockdep_nr_held())

/*
 * Reports "suspicious RCU usage" and that text, once for a place. The caller
 * has looked whether it is (rcupdate.h). Returns whether it was reported.
 */
static inline bool lockdep_rcu_suspicious(const char *file, int line,
					  const char *text)
{
	return lockdep_enabled() && __lockdep_rcu_suspicious(file, line, text);
}

#endif /* PAGESIM_LOCKDEP_H */
