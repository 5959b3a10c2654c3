/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * percpu_ref: a reference count that costs nothing to share while nobody
 * asks whether it is 0.
 *
 * Models: include/linux/percpu-refcount.h, lib/percpu-refcount.c at v6.12.
 *
 * Two modes. In per-CPU mode a get or put changes a counter of its CPU and
 * nothing is looked at: who made the ref holds its first reference, so it is
 * not 0. In atomic mode there is one counter, and the put that makes it 0
 * calls release(). Between the modes, when one goes to atomic:
 *
 *   1. ATOMIC is set in percpu_count_ptr; who begins from here on uses the
 *      atomic counter, which a bias of 2^63 keeps away from 0;
 *   2. a grace period: every section that used a per-CPU counter is over;
 *   3. an RCU callback adds the counters' sum less the bias, calls
 *      confirm_switch(), and puts a reference that the switch held meanwhile.
 *
 * percpu_ref_kill() is DEAD, 1, and the put of the first reference; so
 * release() is called, at the earliest, by the callback of 3. Hence also:
 *  - after kill() returned, percpu_ref_tryget_live() on another CPU can still
 *    succeed; after confirm_kill() was called it cannot;
 *  - percpu_ref_tryget() succeeds until the count is 0.
 *
 * Without PERCPU_REF_ALLOW_REINIT (or INIT_ATOMIC, INIT_DEAD, which imply it)
 * step 3 frees the per-CPU counters and marks the ref DEAD: it stays atomic,
 * and percpu_ref_tryget_live() fails, even if nobody killed it.
 *
 * Ordering: a put happens before the release() that is called for the last.
 * A get has none.
 *
 * Differs from the kernel:
 *  - The callback needs somebody who drives the grace period (rcupdate.h):
 *    who waits here for a switch does so by rcu_barrier(). Who waits for
 *    release() by other means (a completion, say) calls rcu_barrier() before,
 *    unless the configuration has an rcu_worker.
 *  - A per-CPU counter is changed by an unordered atomic operation, since an
 *    interrupt from another CPU runs beside its thread (cpu.h).
 *  - The end of a switch is a release that its waiter acquires, where the
 *    kernel has two plain accesses.
 *  - force_atomic and allow_reinit are two bytes, not two bits of one: they are
 *    not under the same lock.
 *  - Warnings come after the switch lock was released, the kernel's before.
 *    Its WARN_ONCE is one each time, as everywhere.
 */
#ifndef PAGESIM_PERCPU_REFCOUNT_H
#define PAGESIM_PERCPU_REFCOUNT_H

#include <stdbool.h>
#include <pagesim/atomic.h>
#include <pagesim/bug.h>
#include <pagesim/cpu.h>
#include <pagesim/rcupdate.h>

struct percpu_ref;
typedef void(percpu_ref_func_t)(struct percpu_ref *ref);

/* In the low bits of percpu_count_ptr. */
enum {
	__PERCPU_REF_ATOMIC = 1 << 0,
	__PERCPU_REF_DEAD = 1 << 1, /* killed, maybe not yet everywhere */
	__PERCPU_REF_ATOMIC_DEAD = __PERCPU_REF_ATOMIC | __PERCPU_REF_DEAD,
	__PERCPU_REF_FLAG_BITS = 2,
};

/* For percpu_ref_init(). */
enum {
	/* Starts at 1 and atomic, until percpu_ref_switch_to_percpu(). */
	PERCPU_REF_INIT_ATOMIC = 1 << 0,
	/* Starts at 0, atomic and dead, until percpu_ref_reinit(). */
	PERCPU_REF_INIT_DEAD = 1 << 1,
	/* May go from atomic to per-CPU mode. */
	PERCPU_REF_ALLOW_REINIT = 1 << 2,
};

struct percpu_ref_data {
	atomic_long_t count;
	percpu_ref_func_t *release;
	percpu_ref_func_t *confirm_switch; /* not NULL while switching */
	bool force_atomic; /* under the switch lock */
	bool allow_reinit; /* written by init only */
	struct rcu_head rcu;
	struct percpu_ref *ref;
};

struct percpu_ref {
	/*
	 * The counters and two flags in one word, so that a get reads both at
	 * once. After percpu_ref_exit() the count instead of the counters.
	 * Written under the switch lock.
	 */
	unsigned long percpu_count_ptr;
	struct percpu_ref_data *data;
};

/*
 * Starts at 1 in per-CPU mode, unless flags say other. release(ref) is called
 * once for each time that the count becomes 0, in a read section or an RCU
 * callback, with bottom halves or interrupts off or not: it must not sleep.
 * Returns 0, or -ENOMEM with nothing allocated. Memory: kmalloc(), twice.
 */
int percpu_ref_init(struct percpu_ref *ref, percpu_ref_func_t *release,
		    unsigned int flags, gfp_t gfp);

/*
 * Frees what init allocated. Nothing but percpu_ref_is_zero() may be called
 * after, which goes on saying what it did. Warns while a switch is under way;
 * a count that is not 0 is, as in the kernel, nobody's concern.
 */
void percpu_ref_exit(struct percpu_ref *ref);

/*
 * To atomic mode, where it stays over kill and reinit until
 * percpu_ref_switch_to_percpu(). confirm_switch(ref), if any, is called when
 * no CPU uses a per-CPU counter any more: by the callback, or at once and
 * with the switch lock held if the mode was atomic; it must not sleep.
 * Context: any if no switch of the ref is under way; else as rcu_barrier(),
 * and where that must not be called, a bug-on report and no switch.
 */
void percpu_ref_switch_to_atomic(struct percpu_ref *ref,
				 percpu_ref_func_t *confirm_switch);
/*
 * Returns when no CPU uses one. The callback may still have its put to do, so
 * it is too early for percpu_ref_exit(). Context: as rcu_barrier().
 */
void percpu_ref_switch_to_atomic_sync(struct percpu_ref *ref);

/*
 * To per-CPU mode; of one that is dying, when it is revived. Warns, and stays
 * atomic, without PERCPU_REF_ALLOW_REINIT; BUG() if its counters are freed.
 * Context: as percpu_ref_switch_to_atomic(). Ordering: release.
 */
void percpu_ref_switch_to_percpu(struct percpu_ref *ref);

/*
 * Marks it as dying, switches to atomic mode and drops the first reference.
 * Once: the second time warns, and drops one that somebody else holds.
 * Context: as percpu_ref_switch_to_atomic(). release() is called with the
 * switch lock held if the mode was atomic and the reference was the last.
 */
void percpu_ref_kill_and_confirm(struct percpu_ref *ref,
				 percpu_ref_func_t *confirm_kill);

static inline void percpu_ref_kill(struct percpu_ref *ref)
{
	percpu_ref_kill_and_confirm(ref, NULL);
}

/*
 * Alive again, with a first reference, and in per-CPU mode unless it was
 * forced out of it. Warns if it is not dying. Gets and tries meanwhile are
 * fine. Context: as percpu_ref_switch_to_percpu().
 */
void percpu_ref_resurrect(struct percpu_ref *ref);
/* The same of one that is at 0; warns if it is not. */
void percpu_ref_reinit(struct percpu_ref *ref);

/* In per-CPU mode: no. Context: any; also after percpu_ref_exit(). */
bool percpu_ref_is_zero(struct percpu_ref *ref);

/* ---- get and put: any context, between init and exit ---- */

/* One CPU's counter each, on cache lines of their own. */
#define PAGESIM_PERCPU_REF_STRIDE (64 / sizeof(unsigned long))

/* Whether it is in per-CPU mode, and its counters: from one look. */
static inline bool __ref_is_percpu(struct percpu_ref *ref,
				   unsigned long **percpu_countp)
{
	/* Pairs with the release in __percpu_ref_switch_to_percpu(). */
	unsigned long ptr = rcu_dereference_raw(ref->percpu_count_ptr);

	/* DEAD may be seen before ATOMIC, and implies it. */
	if (unlikely(ptr & __PERCPU_REF_ATOMIC_DEAD))
		return false;
	*percpu_countp = (unsigned long *)ptr;
	return true;
}

static inline void __percpu_ref_add_here(unsigned long *percpu_count,
					 unsigned long nr)
{
	percpu_count += smp_processor_id() * PAGESIM_PERCPU_REF_STRIDE;
	__atomic_fetch_add(percpu_count, nr, __ATOMIC_RELAXED);
}

/* Context: in a read section. */
static inline atomic_long_t *__percpu_ref_atomic(struct percpu_ref *ref)
{
	VM_BUG_ON(!ref->data); /* before init, or after exit */
	return &ref->data->count;
}

/* nr references more. Context: there is one. */
static inline void percpu_ref_get_many(struct percpu_ref *ref, unsigned long nr)
{
	unsigned long *percpu_count;

	rcu_read_lock();
	if (__ref_is_percpu(ref, &percpu_count))
		__percpu_ref_add_here(percpu_count, nr);
	else
		atomic_long_add((long)nr, __percpu_ref_atomic(ref));
	rcu_read_unlock();
}

static inline void percpu_ref_get(struct percpu_ref *ref)
{
	percpu_ref_get_many(ref, 1);
}

/* Unless the count is 0. */
static inline bool percpu_ref_tryget_many(struct percpu_ref *ref,
					  unsigned long nr)
{
	unsigned long *percpu_count;
	bool ret = true;

	rcu_read_lock();
	if (__ref_is_percpu(ref, &percpu_count))
		__percpu_ref_add_here(percpu_count, nr);
	else
		ret = atomic_long_add_unless(__percpu_ref_atomic(ref), (long)nr,
					     0);
	rcu_read_unlock();
	return ret;
}

static inline bool percpu_ref_tryget(struct percpu_ref *ref)
{
	return percpu_ref_tryget_many(ref, 1);
}

/*
 * Unless it was killed; see above for when that is certain. Context: the
 * caller's read section (warns if there is none); since v5.13.
 */
static inline bool percpu_ref_tryget_live_rcu(struct percpu_ref *ref)
{
	unsigned long *percpu_count;

	WARN_ON_ONCE(!rcu_read_lock_held());
	if (likely(__ref_is_percpu(ref, &percpu_count))) {
		__percpu_ref_add_here(percpu_count, 1);
		return true;
	}
	if (READ_ONCE(ref->percpu_count_ptr) & __PERCPU_REF_DEAD)
		return false;
	return atomic_long_inc_not_zero(__percpu_ref_atomic(ref));
}

static inline bool percpu_ref_tryget_live(struct percpu_ref *ref)
{
	bool ret;

	rcu_read_lock();
	ret = percpu_ref_tryget_live_rcu(ref);
	rcu_read_unlock();
	return ret;
}

/* nr references less. The last calls release(), in atomic mode. */
static inline void percpu_ref_put_many(struct percpu_ref *ref, unsigned long nr)
{
	unsigned long *percpu_count;

	rcu_read_lock();
	if (__ref_is_percpu(ref, &percpu_count))
		__percpu_ref_add_here(percpu_count, -nr);
	else if (unlikely(atomic_long_sub_and_test((long)nr,
						   __percpu_ref_atomic(ref))))
		ref->data->release(ref);
	rcu_read_unlock();
}

static inline void percpu_ref_put(struct percpu_ref *ref)
{
	percpu_ref_put_many(ref, 1);
}

/* Killed, and not revived. Context: who keeps the state from changing. */
static inline bool percpu_ref_is_dying(struct percpu_ref *ref)
{
	return READ_ONCE(ref->percpu_count_ptr) & __PERCPU_REF_DEAD;
}

#endif /* PAGESIM_PERCPU_REFCOUNT_H */
