// SPDX-License-Identifier: MIT
// Floor: 1
/*
 * Callbacks, and who may wait for a grace period. Readers are the platform's.
 *
 * A callback goes through three lists of the CPU that queued it: fresh, until
 * a grace period begins; covered, while that lasts; ended, until it runs. One
 * thread at a time runs those of a CPU, first come first served, so that
 * three counts say how far each CPU's have come.
 *
 * Locks: gp_lock for the length of a grace period, then lock for the lists,
 * the counts and the set of queued heads. Neither is held while a callback
 * or a report handler runs.
 */
#include <string.h>
#include <pagesim/atomic.h>
#include <pagesim/bug.h>
#include <pagesim/cpu.h>
#include <pagesim/rcupdate.h>
#include <pagesim/slab.h>
#include <pagesim/raw_spinlock.h>
#include <pagesim/trace_events.h>

#include "cpu.h"
#include "platform.h"
#include "rcu.h"
#include "rcu_heads.h"

#define MAX_SHUTDOWN_ROUNDS 3

/* What rcu_barrier() leaves other CPUs to come to a softirq point: some us. */
#define SPINS_BEFORE_STEALING 200

/* A func below is kfree_rcu()'s: how far into its object the head is. */
#define KFREE_OFFSETS 4096

/* In events; the kernel's without preemption. */
#define RCU_NAME "rcu_sched"

struct cb_list {
	struct rcu_head *first,
		*last; /* last counts only if there is a first */
};

struct cpu_callbacks {
	struct cb_list fresh, covered, ended;
	/* Since boot. nr_ended - nr_run are ended, or being run. */
	unsigned long nr_queued, nr_covered, nr_ended, nr_run;
	bool running;
};

static struct {
	raw_spinlock_t lock;
	struct cpu_callbacks cpu[MAX_CPUS];
	unsigned long nr_kfree; /* kfree_rcu()'s not through; atomic */
	u64 ended_on; /* CPUs whose list of ended ones is not empty */

	raw_spinlock_t gp_lock;
	unsigned long gp_begun, gp_ended; /* how many, written under gp_lock */

	/* Goes up when callbacks have run; rcu_barrier() sleeps on it. */
	u32 progress;
	u32 nr_waiters;

	enum pagesim_rcu_mode mode;
	bool lifo;

	bool has_worker;
	struct pagesim_thread worker;
	u32 kicked; /* the worker sleeps while it is 0 */
	bool stop;
} rcu;

static void (*kfree_hook)(const void *ptr) = kfree;

void pagesim_rcu_set_kfree(void (*hook)(const void *ptr))
{
	kfree_hook = hook ? hook : kfree;
}

/* ---- readers ---- */

void rcu_read_lock(void)
{
	struct pagesim_cpu *cpu = cpu_self();

	if (!cpu->rcu_nesting++)
		platform_rcu_read_lock();
}

void rcu_read_unlock(void)
{
	struct pagesim_cpu *cpu = cpu_self();

	if (unlikely(!cpu->rcu_nesting)) {
		__PAGESIM_REPORT(PAGESIM_REPORT_BUG_ON,
				 "rcu_read_unlock() without rcu_read_lock()");
		return;
	}
	if (--cpu->rcu_nesting)
		return;
	platform_rcu_read_unlock();
	if (unlikely(READ_ONCE(cpu->softirq_pending)))
		pagesim_softirq_point();
}

bool rcu_read_lock_held(void)
{
	return cpu_self()->rcu_nesting;
}

/* ---- lists ---- */

static void list_append(struct cb_list *list, struct cb_list *more)
{
	if (!more->first)
		return;
	if (list->first)
		list->last->next = more->first;
	else
		list->first = more->first;
	list->last = more->last;
	more->first = NULL;
}

static struct rcu_head *list_reverse(struct rcu_head *head)
{
	struct rcu_head *reversed = NULL;

	while (head) {
		struct rcu_head *next = head->next;

		head->next = reversed;
		reversed = head;
		head = next;
	}
	return reversed;
}

/* ---- grace periods ---- */

static void cover_fresh(void)
{
	raw_spin_lock(&rcu.lock);
	for (unsigned int id = 0; id < MAX_CPUS; id++) {
		struct cpu_callbacks *cbs = &rcu.cpu[id];

		list_append(&cbs->covered, &cbs->fresh);
		cbs->nr_covered = cbs->nr_queued;
	}
	raw_spin_unlock(&rcu.lock);
}

/* Returns the CPUs whose callbacks can run now. */
static u64 end_covered(void)
{
	u64 ended = 0;

	raw_spin_lock(&rcu.lock);
	for (unsigned int id = 0; id < MAX_CPUS; id++) {
		struct cpu_callbacks *cbs = &rcu.cpu[id];

		list_append(&cbs->ended, &cbs->covered);
		cbs->nr_ended = cbs->nr_covered;
		if (cbs->ended.first)
			ended |= BIT_ULL(id);
	}
	WRITE_ONCE(rcu.ended_on, ended);
	raw_spin_unlock(&rcu.lock);
	return ended;
}

static void raise_if_ended(struct pagesim_cpu *cpu, void *data)
{
	if (*(u64 *)data & BIT_ULL(cpu->id))
		pagesim_raise_softirq(cpu, RCU_SOFTIRQ);
}

/* Those of a CPU whose thread is gone run on the caller's. */
static void raise_softirqs(u64 ended)
{
	for_each_running_cpu(raise_if_ended, &ended);
	if (ended & ~cpus_taken())
		raise_softirq(RCU_SOFTIRQ);
}

/*
 * Returns after a grace period that began after the call: one of its own, or
 * another thread's, if that began while this one waited for the lock.
 */
static void grace_period(void)
{
	/* Reads the latest, and orders what the caller unlinked before it. */
	unsigned long begun =
		__atomic_fetch_add(&rcu.gp_begun, 0, __ATOMIC_SEQ_CST);
	u64 ended = 0;

	raw_spin_lock(&rcu.gp_lock);
	if (rcu.gp_ended <= begun) {
		__atomic_fetch_add(&rcu.gp_begun, 1, __ATOMIC_SEQ_CST);
		cover_fresh();
		platform_synchronize_rcu();
		ended = end_covered();
		rcu.gp_ended++;
	}
	raw_spin_unlock(&rcu.gp_lock);
	if (ended && rcu.mode == PAGESIM_RCU_SOFTIRQ)
		raise_softirqs(ended);
}

bool rcu_may_wait(const char *what)
{
	const struct pagesim_cpu *cpu = cpu_self();
	const char *where;

	if (cpu->rcu_callback)
		where = "in an RCU callback";
	else if (cpu->rcu_nesting)
		where = "in an RCU read section";
	else if (cpu->hardirq)
		where = "in an interrupt";
	else if (cpu->softirq)
		where = "in a softirq";
	else if (cpu->irqs_off)
		where = "with interrupts off";
	else if (cpu->bh_disabled)
		where = "with bottom halves off";
	else if (cpu->preempt_off)
		where = "with preemption off";
	else
		return true;
	__PAGESIM_REPORT(PAGESIM_REPORT_BUG_ON, "%s was called %s", what,
			 where);
	return false;
}

void pagesim_synchronize_rcu(const char *file, int line)
{
	if (unlikely(cpu_self()->rcu_nesting) &&
	    lockdep_rcu_suspicious(
		    file, line,
		    "Illegal synchronize_rcu() in RCU read-side critical section"))
		return;
	if (!rcu_may_wait("synchronize_rcu()"))
		return;
	grace_period();
	pagesim_softirq_point();
}

/* ---- callbacks: in ---- */

static void kick_worker(void)
{
	if (!xchg_release(&rcu.kicked, 1))
		platform_unpark(&rcu.kicked, 1);
}

static void report_queued_twice(const struct queued_head *first,
				const char *file, int line)
{
	pagesim_report(PAGESIM_REPORT_BUG_ON, file, line, "call_rcu",
		       "rcu_head queued twice: %p, first at %s:%d",
		       (const void *)first->head, first->file, first->line);
}

/* Under the lock: the head may not have been called and freed by now. */
static void trace_queued(const struct rcu_head *head, long nr)
{
	unsigned long offset = (unsigned long)head->func;

	if (offset < KFREE_OFFSETS)
		trace_rcu_kvfree_callback(RCU_NAME, head, offset, nr);
	else
		trace_rcu_callback(RCU_NAME, head, nr);
}

static void enqueue(struct rcu_head *head, rcu_callback_t func,
		    const char *file, int line)
{
	struct cpu_callbacks *cbs = &rcu.cpu[cpu_self()->id];
	struct cb_list one = { head, head };
	const struct queued_head *there = NULL;
	struct queued_head first;

	raw_spin_lock(&rcu.lock);
	if (pagesim_debug_tier >= 1)
		there = rcu_heads_add(head, file, line);
	if (there) {
		first = *there;
		raw_spin_unlock(&rcu.lock);
		report_queued_twice(&first, file, line);
		return;
	}
	head->next = NULL;
	head->func = func;
	list_append(&cbs->fresh, &one);
	cbs->nr_queued++;
	if ((unsigned long)func < KFREE_OFFSETS)
		__atomic_fetch_add(&rcu.nr_kfree, 1, __ATOMIC_RELAXED);
	trace_queued(head, (long)(cbs->nr_queued - cbs->nr_run));
	raw_spin_unlock(&rcu.lock);
	if (rcu.has_worker)
		kick_worker();
}

void pagesim_call_rcu(struct rcu_head *head, rcu_callback_t func,
		      const char *file, int line)
{
	/* An odd next would make a tail page of what the head lies on. */
	WARN_ON((unsigned long)head & (sizeof(void *) - 1));
	if ((unsigned long)func < KFREE_OFFSETS) {
		__PAGESIM_REPORT(PAGESIM_REPORT_BUG_ON,
				 "call_rcu() without a function");
		return;
	}
	enqueue(head, func, file, line);
}

void pagesim_kfree_rcu(struct rcu_head *head, unsigned long offset,
		       const char *file, int line)
{
	enqueue(head, (rcu_callback_t)offset, file, line);
}

/* ---- callbacks: out ---- */

static void run_callback(struct rcu_head *head)
{
	struct pagesim_cpu *cpu = cpu_self();
	rcu_callback_t func = head->func;

	if (pagesim_debug_tier >= 1) {
		raw_spin_lock(&rcu.lock);
		rcu_heads_del(head); /* it may be queued again from here on */
		raw_spin_unlock(&rcu.lock);
	}
	cpu->rcu_callback++;
	if ((unsigned long)func < KFREE_OFFSETS) {
		trace_rcu_invoke_kvfree_callback(RCU_NAME, head,
						 (unsigned long)func);
		kfree_hook((char *)head - (unsigned long)func);
		__atomic_fetch_sub(&rcu.nr_kfree, 1, __ATOMIC_RELEASE);
	} else {
		trace_rcu_invoke_callback(RCU_NAME, head);
		func(head);
	}
	cpu->rcu_callback--;
}

static void run_list(struct rcu_head *head)
{
	if (rcu.lifo)
		head = list_reverse(head);
	while (head) {
		struct rcu_head *next = head->next;

		run_callback(head);
		head = next;
	}
}

/* Ordering: full, so that either it sees the waiter or that the progress. */
static void make_progress(void)
{
	__atomic_fetch_add(&rcu.progress, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&rcu.nr_waiters, __ATOMIC_SEQ_CST))
		platform_unpark(&rcu.progress, 1 << 30);
}

/* Runs a CPU's callbacks, unless another thread does: then it does it all. */
static void run_ended_of(unsigned int id)
{
	struct cpu_callbacks *cbs = &rcu.cpu[id];

	raw_spin_lock(&rcu.lock);
	if (cbs->running || !cbs->ended.first) {
		raw_spin_unlock(&rcu.lock);
		return;
	}
	cbs->running = true;
	while (cbs->ended.first) {
		struct rcu_head *first = cbs->ended.first;
		unsigned long nr_ended = cbs->nr_ended;

		cbs->ended.first = NULL;
		WRITE_ONCE(rcu.ended_on, rcu.ended_on & ~BIT_ULL(id));
		raw_spin_unlock(&rcu.lock);
		run_list(first);
		raw_spin_lock(&rcu.lock);
		cbs->nr_run = nr_ended;
	}
	cbs->running = false;
	raw_spin_unlock(&rcu.lock);
	make_progress();
}

static void run_ended_on(u64 ids)
{
	for (ids &= READ_ONCE(rcu.ended_on); ids; ids &= ids - 1)
		run_ended_of((unsigned int)__builtin_ctzll(ids));
}

static void run_all_ended(void)
{
	run_ended_on(~0ULL);
}

/* RCU_SOFTIRQ: this CPU's, and those of CPUs whose thread is gone. */
static void rcu_softirq(void)
{
	run_ended_on(BIT_ULL(smp_processor_id()) | ~cpus_taken());
}

/* Runs what has its grace period behind it, in the mode's context. */
static void run_in_context(void)
{
	switch (rcu.mode) {
	case PAGESIM_RCU_SOFTIRQ:
		cpu_run_as_softirq(run_all_ended);
		break;
	case PAGESIM_RCU_KTHREAD_BH_OFF:
		local_bh_disable();
		run_all_ended();
		local_bh_enable();
		break;
	default:
		run_all_ended();
	}
}

/* In mode softirq the worker ends grace periods, and raises. */
static void worker_main(void *arg __maybe_unused)
{
	while (!smp_load_acquire(&rcu.stop)) {
		if (!xchg_acquire(&rcu.kicked, 0)) {
			platform_park(&rcu.kicked, 0);
			continue;
		}
		grace_period();
		if (rcu.mode == PAGESIM_RCU_SOFTIRQ)
			pagesim_softirq_point();
		else
			run_in_context();
	}
}

/* ---- waiting for callbacks ---- */

struct target {
	unsigned long nr[MAX_CPUS]; /* of each CPU's, so many are to run */
};

static void take_target(struct target *target)
{
	raw_spin_lock(&rcu.lock);
	for (unsigned int id = 0; id < MAX_CPUS; id++)
		target->nr[id] = rcu.cpu[id].nr_queued;
	raw_spin_unlock(&rcu.lock);
}

static bool all_reached(const struct target *target, bool run)
{
	bool reached = true;

	raw_spin_lock(&rcu.lock);
	for (unsigned int id = 0; id < MAX_CPUS && reached; id++) {
		const struct cpu_callbacks *cbs = &rcu.cpu[id];

		reached = (run ? cbs->nr_run : cbs->nr_ended) >= target->nr[id];
	}
	raw_spin_unlock(&rcu.lock);
	return reached;
}

static void wait_for_other_cpus(void)
{
	u64 others = cpus_taken() & ~BIT_ULL(smp_processor_id());

	for (int i = 0; i < SPINS_BEFORE_STEALING; i++) {
		if (!(READ_ONCE(rcu.ended_on) & others))
			return;
		platform_relax();
	}
}

/* After it, what the target counts has run, or another thread runs it. */
static void run_up_to(const struct target *target)
{
	while (!all_reached(target, false))
		grace_period();
	if (rcu.mode == PAGESIM_RCU_SOFTIRQ) {
		pagesim_softirq_point();
		wait_for_other_cpus();
	}
	run_in_context();
}

static void drain(void)
{
	bool by_worker = rcu.has_worker && rcu.mode != PAGESIM_RCU_SOFTIRQ;
	struct target target;

	take_target(&target);
	__atomic_fetch_add(&rcu.nr_waiters, 1, __ATOMIC_SEQ_CST);
	while (!all_reached(&target, true)) {
		u32 progress = __atomic_load_n(&rcu.progress, __ATOMIC_SEQ_CST);

		if (by_worker)
			kick_worker();
		else
			run_up_to(&target);
		if (!all_reached(&target, true))
			platform_park(&rcu.progress, progress);
	}
	__atomic_fetch_sub(&rcu.nr_waiters, 1, __ATOMIC_SEQ_CST);
}

void rcu_barrier(void)
{
	if (rcu_may_wait("rcu_barrier()"))
		drain();
}

void kvfree_rcu_barrier(void)
{
	if (__atomic_load_n(&rcu.nr_kfree, __ATOMIC_ACQUIRE))
		rcu_barrier();
}

unsigned long pagesim_rcu_nr_queued(void)
{
	unsigned long nr = 0;

	raw_spin_lock(&rcu.lock);
	for (unsigned int id = 0; id < MAX_CPUS; id++)
		nr += rcu.cpu[id].nr_queued - rcu.cpu[id].nr_run;
	raw_spin_unlock(&rcu.lock);
	return nr;
}

/* ---- boot and shutdown ---- */

bool rcu_has_worker(enum pagesim_rcu_mode mode, bool worker)
{
	return worker || mode == PAGESIM_RCU_HELPER_THREAD;
}

int rcu_boot(enum pagesim_rcu_mode mode, bool worker, bool lifo)
{
	int err = 0;

	memset(&rcu, 0, sizeof(rcu));
	rcu.mode = mode;
	rcu.lifo = lifo;
	open_softirq(RCU_SOFTIRQ, rcu_softirq);
	rcu.has_worker = rcu_has_worker(mode, worker);
	if (rcu.has_worker)
		err = cpu_start_kthread(&rcu.worker, "rcu", worker_main);
	return err;
}

static void stop_worker(void)
{
	if (!rcu.has_worker)
		return;
	smp_store_release(&rcu.stop, true);
	kick_worker();
	pagesim_thread_join(&rcu.worker);
	rcu.has_worker = false;
}

/*
 * A report handler may have left a section, or a callback, by longjmp(). Each
 * section ends here; what the callback's list held after it is lost. Returns
 * how many those are.
 */
static unsigned long put_right(struct pagesim_cpu *cpu)
{
	bool in_section = cpu && cpu->rcu_nesting;
	unsigned long nr_lost = 0;

	if (cpu)
		cpu_put_right(cpu);
	if (in_section)
		__PAGESIM_REPORT(PAGESIM_REPORT_BUG_ON,
				 "pagesim_shutdown() was called %s",
				 "in an RCU read section");
	for (unsigned int id = 0; id < MAX_CPUS; id++) {
		struct cpu_callbacks *cbs = &rcu.cpu[id];
		struct rcu_head *head = cbs->ended.first;

		if (!cbs->running)
			continue;
		cbs->running = false;
		nr_lost += cbs->nr_ended - cbs->nr_run;
		for (cbs->nr_run = cbs->nr_ended; head; head = head->next) {
			cbs->nr_run--;
			nr_lost--;
		}
	}
	return nr_lost;
}

void rcu_shutdown(void)
{
	unsigned long nr_left;

	stop_worker();
	nr_left = put_right(cpu_if_any());
	for (int i = 0; i < MAX_SHUTDOWN_ROUNDS && pagesim_rcu_nr_queued(); i++)
		drain();
	nr_left += pagesim_rcu_nr_queued();
	rcu_heads_clear();
	if (nr_left)
		__PAGESIM_REPORT(
			PAGESIM_REPORT_LEAK,
			"%lu RCU callbacks have not run after %d rounds",
			nr_left, MAX_SHUTDOWN_ROUNDS);
}
