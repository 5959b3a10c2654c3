// SPDX-License-Identifier: MIT
// Floor: 1
/*
 * In this file: to switch is to change the mode; one switch of a ref is under
 * way at a time, from when its confirm_switch is set until the callback has
 * cleared it. switch_lock is one for all refs, as in the kernel.
 */
#include <errno.h>
#include <pagesim/percpu-refcount.h>
#include <pagesim/slab.h>
#include <pagesim/spinlock.h>

#include "cpu.h"
#include "rcu.h"

/* Keeps the atomic counter from 0 until the others were added. */
#define PERCPU_COUNT_BIAS (1UL << (BITS_PER_LONG - 1))

#define PERCPU_SIZE \
	(MAX_CPUS * PAGESIM_PERCPU_REF_STRIDE * sizeof(unsigned long))

static DEFINE_SPINLOCK(switch_lock);

/* What a switch met, to be reported when the lock is released. */
enum complaint {
	NOTHING,
	NO_COUNTERS,
	NO_REINIT,
	NO_WAIT, /* rcu_may_wait() said so already */
};

static unsigned long *percpu_count_ptr(struct percpu_ref *ref)
{
	return (unsigned long *)(READ_ONCE(ref->percpu_count_ptr) &
				 ~(unsigned long)__PERCPU_REF_ATOMIC_DEAD);
}

static void set_flags(struct percpu_ref *ref, unsigned long flags)
{
	WRITE_ONCE(ref->percpu_count_ptr,
		   READ_ONCE(ref->percpu_count_ptr) | flags);
}

static bool is_switching(struct percpu_ref *ref)
{
	return smp_load_acquire(&ref->data->confirm_switch);
}

/* ---- init and exit ---- */

int percpu_ref_init(struct percpu_ref *ref, percpu_ref_func_t *release,
		    unsigned int flags, gfp_t gfp)
{
	unsigned long start_count = 0;
	struct percpu_ref_data *data;

	ref->percpu_count_ptr = (unsigned long)kzalloc(PERCPU_SIZE, gfp);
	if (!ref->percpu_count_ptr)
		return -ENOMEM;
	data = kzalloc(sizeof(*data), gfp);
	if (!data) {
		kfree((void *)ref->percpu_count_ptr);
		ref->percpu_count_ptr = 0;
		return -ENOMEM;
	}
	data->force_atomic = flags & PERCPU_REF_INIT_ATOMIC;
	data->allow_reinit = flags & PERCPU_REF_ALLOW_REINIT;
	if (flags & (PERCPU_REF_INIT_ATOMIC | PERCPU_REF_INIT_DEAD)) {
		ref->percpu_count_ptr |= __PERCPU_REF_ATOMIC;
		data->allow_reinit = true;
	} else {
		start_count += PERCPU_COUNT_BIAS;
	}
	if (flags & PERCPU_REF_INIT_DEAD)
		ref->percpu_count_ptr |= __PERCPU_REF_DEAD;
	else
		start_count++;
	atomic_long_set(&data->count, (long)start_count);
	data->release = release;
	data->ref = ref;
	ref->data = data;
	return 0;
}

/* As in the kernel not under the lock, be it the callback that does it. */
static void free_counters(struct percpu_ref *ref)
{
	unsigned long *percpu_count = percpu_count_ptr(ref);

	if (!percpu_count)
		return;
	WARN_ON_ONCE(ref->data && is_switching(ref));
	kfree(percpu_count);
	WRITE_ONCE(ref->percpu_count_ptr, __PERCPU_REF_ATOMIC_DEAD);
}

void percpu_ref_exit(struct percpu_ref *ref)
{
	struct percpu_ref_data *data = ref->data;
	unsigned long flags;

	free_counters(ref);
	if (!data)
		return;
	spin_lock_irqsave(&switch_lock, flags);
	set_flags(ref, (unsigned long)atomic_long_read(&data->count)
			       << __PERCPU_REF_FLAG_BITS);
	ref->data = NULL;
	spin_unlock_irqrestore(&switch_lock, flags);
	kfree(data);
}

/* ---- switching ---- */

static void confirm(struct percpu_ref_data *data)
{
	struct percpu_ref *ref = data->ref;

	data->confirm_switch(ref);
	smp_store_release(&data->confirm_switch, (percpu_ref_func_t *)NULL);
	if (!data->allow_reinit)
		free_counters(ref);
	percpu_ref_put(ref); /* what __percpu_ref_switch_to_atomic() got */
}

/*
 * The counters are summed before anything is added: a get on one CPU may have
 * its put on another, so that a part of them says nothing. Plain reads: who
 * wrote them is a grace period ago.
 */
static void switch_to_atomic_rcu(struct rcu_head *rcu)
{
	struct percpu_ref_data *data =
		container_of(rcu, struct percpu_ref_data, rcu);
	const unsigned long *percpu_count = percpu_count_ptr(data->ref);
	unsigned long count = 0;
	long now;

	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
		count += percpu_count[cpu * PAGESIM_PERCPU_REF_STRIDE];
	atomic_long_add((long)(count - PERCPU_COUNT_BIAS), &data->count);
	now = atomic_long_read(&data->count);
	if (now <= 0)
		__PAGESIM_REPORT(
			PAGESIM_REPORT_WARN,
			"percpu ref (%#lx) <= 0 (%ld) after switching to atomic",
			(unsigned long)data->release, now);
	confirm(data);
}

static void noop_confirm_switch(struct percpu_ref *ref __maybe_unused)
{
}

static void __percpu_ref_switch_to_atomic(struct percpu_ref *ref,
					  percpu_ref_func_t *confirm_switch)
{
	if (READ_ONCE(ref->percpu_count_ptr) & __PERCPU_REF_ATOMIC) {
		if (confirm_switch)
			confirm_switch(ref);
		return;
	}
	set_flags(ref, __PERCPU_REF_ATOMIC);
	WRITE_ONCE(ref->data->confirm_switch,
		   confirm_switch ? confirm_switch : noop_confirm_switch);
	percpu_ref_get(ref);
	call_rcu(&ref->data->rcu, switch_to_atomic_rcu);
}

static enum complaint __percpu_ref_switch_to_percpu(struct percpu_ref *ref)
{
	unsigned long *percpu_count = percpu_count_ptr(ref);

	if (!percpu_count)
		return NO_COUNTERS;
	if (!(READ_ONCE(ref->percpu_count_ptr) & __PERCPU_REF_ATOMIC))
		return NOTHING;
	if (!ref->data->allow_reinit)
		return NO_REINIT;
	atomic_long_add((long)PERCPU_COUNT_BIAS, &ref->data->count);
	/* Nobody uses them: plain, and published by the release. */
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
		percpu_count[cpu * PAGESIM_PERCPU_REF_STRIDE] = 0;
	smp_store_release(&ref->percpu_count_ptr, (unsigned long)percpu_count);
	return NOTHING;
}

/*
 * Context: the switch lock is held; it is released while waiting for an
 * earlier switch.
 */
static enum complaint switch_mode(struct percpu_ref *ref,
				  percpu_ref_func_t *confirm_switch,
				  unsigned long *flags)
{
	while (is_switching(ref)) {
		bool may;

		spin_unlock_irqrestore(&switch_lock, *flags);
		may = rcu_may_wait("waiting for a percpu_ref's switch");
		if (may)
			rcu_barrier();
		spin_lock_irqsave(&switch_lock, *flags);
		if (!may)
			return NO_WAIT;
	}
	if (ref->data->force_atomic || percpu_ref_is_dying(ref))
		__percpu_ref_switch_to_atomic(ref, confirm_switch);
	else
		return __percpu_ref_switch_to_percpu(ref);
	return NOTHING;
}

static void unlock_and_complain(unsigned long flags, enum complaint complaint)
{
	spin_unlock_irqrestore(&switch_lock, flags);
	BUG_ON(complaint == NO_COUNTERS);
	WARN_ON_ONCE(complaint == NO_REINIT);
}

void percpu_ref_switch_to_atomic(struct percpu_ref *ref,
				 percpu_ref_func_t *confirm_switch)
{
	enum complaint complaint;
	unsigned long flags;

	spin_lock_irqsave(&switch_lock, flags);
	ref->data->force_atomic = true;
	complaint = switch_mode(ref, confirm_switch, &flags);
	unlock_and_complain(flags, complaint);
}

void percpu_ref_switch_to_atomic_sync(struct percpu_ref *ref)
{
	percpu_ref_switch_to_atomic(ref, NULL);
	while (is_switching(ref) &&
	       rcu_may_wait("percpu_ref_switch_to_atomic_sync()"))
		rcu_barrier();
}

void percpu_ref_switch_to_percpu(struct percpu_ref *ref)
{
	enum complaint complaint;
	unsigned long flags;

	spin_lock_irqsave(&switch_lock, flags);
	ref->data->force_atomic = false;
	complaint = switch_mode(ref, NULL, &flags);
	unlock_and_complain(flags, complaint);
}

void percpu_ref_kill_and_confirm(struct percpu_ref *ref,
				 percpu_ref_func_t *confirm_kill)
{
	percpu_ref_func_t *release = ref->data->release;
	enum complaint complaint;
	unsigned long flags;
	bool dying;

	spin_lock_irqsave(&switch_lock, flags);
	dying = percpu_ref_is_dying(ref);
	set_flags(ref, __PERCPU_REF_DEAD);
	complaint = switch_mode(ref, confirm_kill, &flags);
	percpu_ref_put(ref);
	unlock_and_complain(flags, complaint);
	if (dying)
		__PAGESIM_REPORT(PAGESIM_REPORT_WARN,
				 "%s called more than once on %#lx!", __func__,
				 (unsigned long)release);
}

bool percpu_ref_is_zero(struct percpu_ref *ref)
{
	unsigned long *percpu_count;
	unsigned long count, flags;

	if (__ref_is_percpu(ref, &percpu_count))
		return false;
	spin_lock_irqsave(&switch_lock, flags);
	if (ref->data)
		count = (unsigned long)atomic_long_read(&ref->data->count);
	else
		count = ref->percpu_count_ptr >> __PERCPU_REF_FLAG_BITS;
	spin_unlock_irqrestore(&switch_lock, flags);
	return count == 0;
}

void percpu_ref_resurrect(struct percpu_ref *ref)
{
	unsigned long *percpu_count;
	enum complaint complaint;
	bool dying, is_percpu;
	unsigned long flags;

	spin_lock_irqsave(&switch_lock, flags);
	dying = percpu_ref_is_dying(ref);
	is_percpu = __ref_is_percpu(ref, &percpu_count);
	WRITE_ONCE(ref->percpu_count_ptr,
		   READ_ONCE(ref->percpu_count_ptr) &
			   ~(unsigned long)__PERCPU_REF_DEAD);
	percpu_ref_get(ref);
	complaint = switch_mode(ref, NULL, &flags);
	unlock_and_complain(flags, complaint);
	WARN_ON_ONCE(!dying);
	WARN_ON_ONCE(is_percpu);
}

void percpu_ref_reinit(struct percpu_ref *ref)
{
	WARN_ON_ONCE(!percpu_ref_is_zero(ref));
	percpu_ref_resurrect(ref);
}
