// SPDX-License-Identifier: MIT
// Floor: 1
/*
 * In this file: cpu is the caller's unless it says other. A CPU is taken by
 * setting its bit in pagesim_cpus.taken; whose bit is clear, is nobody's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pagesim/atomic.h>
#include <pagesim/bug.h>
#include <pagesim/cpu.h>
#include <pagesim/raw_spinlock.h>

#include "cpu.h"
#include "error.h"
#include "lockdep.h"
#include "platform.h"

/* The last bit of pagesim_cpus.taken ends the search. */
static_assert(MAX_CPUS == 63, "one bit less than a word has");

struct pagesim_cpus pagesim_cpus = { .boots = 1 };

static void (*softirq_action[NR_SOFTIRQS])(void);

/* ---- who runs where ---- */

/* What cpu_if_any() takes apart. */
static void *self_of(const struct pagesim_cpu *cpu)
{
	return (void *)((u64)pagesim_cpus.boots << 32 |
			(u64)((const char *)cpu - (const char *)&pagesim_cpus));
}

static struct pagesim_cpu *take_cpu(const char *name)
{
	u64 taken = READ_ONCE(pagesim_cpus.taken);
	struct pagesim_cpu *cpu;
	unsigned int id;

	do {
		id = (unsigned int)__builtin_ctzll(~taken | 1ULL << 63);
		if (id >= pagesim_cpus.nr)
			return NULL;
	} while (!try_cmpxchg_acquire(&pagesim_cpus.taken, &taken,
				      taken | BIT_ULL(id)));
	cpu = &pagesim_cpus.cpu[id];
	snprintf(cpu->name, sizeof(cpu->name), "%s", name);
	cpu->nr_held_locks = 0;
	return cpu;
}

/* From here on the CPU's thread is the caller, for the rest of its life. */
static void occupy_cpu(struct pagesim_cpu *cpu)
{
	platform_set_self(self_of(cpu));
	platform_rcu_register_thread();
	platform_at_thread_end(pagesim_thread_exit);
}

void cpu_put_right(struct pagesim_cpu *cpu)
{
	if (cpu->irqs_off)
		raw_spin_unlock(&cpu->irq_section);
	cpu->irqs_off = false;
	cpu->hardirq = 0;
	cpu->softirq = 0;
	cpu->bh_disabled = 0;
	cpu->preempt_off = 0;
	cpu->rcu_nesting = 0;
	cpu->rcu_callback = 0;
	platform_rcu_register_thread(); /* in no section any more */
}

/* Ordering: release, for the next thread that takes the CPU. */
static void give_back(const struct pagesim_cpu *cpu)
{
	__atomic_fetch_and(&pagesim_cpus.taken, ~BIT_ULL(cpu->id),
			   __ATOMIC_RELEASE);
}

/* The CPU has no thread any more, and is not yet anybody's to take. */
static void leave_cpu(struct pagesim_cpu *cpu)
{
	WARN_ON(cpu->bh_disabled || cpu->irqs_off);
	WARN_ON(cpu->preempt_off);
	WARN_ON(cpu->rcu_nesting);
	cpu_put_right(cpu); /* what it is in, ends with its thread */
	platform_set_self(NULL);
}

noinline struct pagesim_cpu *cpu_enter(void)
{
	struct pagesim_cpu *cpu = take_cpu("thread");

	if (!cpu) {
		pagesim_report(PAGESIM_REPORT_BUG_ON, __FILE__, __LINE__,
			       __func__,
			       "more threads than this machine's %u CPUs",
			       pagesim_cpus.nr);
		abort(); /* a handler let it pass, and there is no CPU */
	}
	occupy_cpu(cpu);
	return cpu;
}

struct pagesim_cpu *this_cpu(void)
{
	return cpu_self();
}

void cpu_relax(void)
{
	platform_relax();
}

void pagesim_thread_exit(void)
{
	struct pagesim_cpu *cpu = cpu_if_any();

	if (cpu) {
		leave_cpu(cpu);
		give_back(cpu);
	}
	platform_rcu_unregister_thread(); /* it may be the last boot's */
}

u64 cpus_taken(void)
{
	return smp_load_acquire(&pagesim_cpus.taken);
}

void for_each_running_cpu(void (*fn)(struct pagesim_cpu *cpu, void *data),
			  void *data)
{
	u64 taken = cpus_taken();

	for (; taken; taken &= taken - 1)
		fn(&pagesim_cpus.cpu[__builtin_ctzll(taken)], data);
}

/* ---- threads ---- */

struct start {
	void (*fn)(void *);
	void *arg;
	struct pagesim_cpu *cpu;
	unsigned long boots;
	struct platform_thread thread;
};

/* Who joins gives the CPU back: when it is free does not depend on races. */
static void thread_main(void *data)
{
	struct start *start = data;
	struct pagesim_cpu *cpu;

	occupy_cpu(start->cpu);
	start->fn(start->arg);
	cpu = cpu_if_any(); /* none if its machine is gone */
	if (cpu)
		leave_cpu(cpu);
	platform_rcu_unregister_thread();
}

/* Gives the CPU back if there is no thread to run there. */
static int start_thread(struct pagesim_thread *thread, struct pagesim_cpu *cpu,
			void (*fn)(void *), void *arg)
{
	struct start *start = malloc(sizeof(*start));
	int err = -ENOMEM;

	if (start) {
		start->fn = fn;
		start->arg = arg;
		start->cpu = cpu;
		start->boots = pagesim_cpus.boots;
		err = platform_thread_create(&start->thread, thread_main,
					     start);
	}
	if (err) {
		give_back(cpu);
		free(start);
		return set_error(err, "the host gives no thread: %s",
				 strerror(-err));
	}
	thread->handle = start;
	return 0;
}

int pagesim_thread_create(struct pagesim_thread *thread, const char *name,
			  void (*fn)(void *), void *arg)
{
	struct pagesim_cpu *cpu = take_cpu(name ? name : "thread");

	if (!cpu)
		return set_error(-EBUSY, "all %u CPUs have a thread",
				 pagesim_cpus.nr);
	return start_thread(thread, cpu, fn, arg);
}

int cpu_start_kthread(struct pagesim_thread *thread, const char *name,
		      void (*fn)(void *))
{
	struct pagesim_cpu *cpu = &pagesim_cpus.cpu[pagesim_cpus.nr];

	snprintf(cpu->name, sizeof(cpu->name), "%s", name);
	__atomic_fetch_or(&pagesim_cpus.taken, BIT_ULL(cpu->id),
			  __ATOMIC_ACQUIRE);
	return start_thread(thread, cpu, fn, NULL);
}

void pagesim_thread_join(struct pagesim_thread *thread)
{
	struct start *start = thread->handle;

	platform_thread_join(&start->thread);
	if (start->boots == pagesim_cpus.boots)
		give_back(start->cpu);
	free(start);
	thread->handle = NULL;
}

/*
 * ---- softirqs ----
 *
 * From here on: a stretch without preemption, softirqs or interrupts holds
 * grace periods up as a section of rcu_read_lock() does, since v4.20. Each
 * kind is a section of its own for the platform, whose sections nest, so
 * that they may begin and end in any order.
 */

void open_softirq(unsigned int nr, void (*action)(void))
{
	softirq_action[nr] = action;
}

void pagesim_raise_softirq(struct pagesim_cpu *cpu, unsigned int nr)
{
	__atomic_fetch_or(&cpu->softirq_pending, BIT(nr), __ATOMIC_RELEASE);
}

void raise_softirq(unsigned int nr)
{
	pagesim_raise_softirq(cpu_self(), nr);
}

static bool softirqs_may_run(const struct pagesim_cpu *cpu)
{
	return !cpu->bh_disabled && !cpu->irqs_off && !cpu->hardirq &&
	       !cpu->softirq;
}

/* What becomes pending meanwhile waits for the next point, as in ksoftirqd. */
static void do_softirq(struct pagesim_cpu *cpu)
{
	u32 pending = xchg_acquire(&cpu->softirq_pending, 0);

	cpu->softirq++;
	platform_rcu_read_lock();
	for (unsigned int nr = 0; nr < NR_SOFTIRQS; nr++)
		if (pending & BIT(nr) && softirq_action[nr])
			softirq_action[nr]();
	platform_rcu_read_unlock();
	cpu->softirq--;
}

void cpu_run_as_softirq(void (*fn)(void))
{
	struct pagesim_cpu *cpu = cpu_self();

	cpu->softirq++;
	platform_rcu_read_lock();
	fn();
	platform_rcu_read_unlock();
	cpu->softirq--;
}

void pagesim_softirq_point(void)
{
	struct pagesim_cpu *cpu = cpu_self();

	if (unlikely(READ_ONCE(cpu->softirq_pending)) && softirqs_may_run(cpu))
		do_softirq(cpu);
}

/* ---- preemption ---- */

void preempt_disable(void)
{
	if (!cpu_self()->preempt_off++)
		platform_rcu_read_lock();
	barrier();
}

void preempt_enable(void)
{
	struct pagesim_cpu *cpu = cpu_self();

	if (unlikely(!cpu->preempt_off)) {
		__PAGESIM_REPORT(PAGESIM_REPORT_BUG_ON,
				 "preempt_enable() without preempt_disable()");
		return;
	}
	barrier();
	if (!--cpu->preempt_off)
		platform_rcu_read_unlock();
}

/* ---- bottom halves ---- */

void local_bh_disable(void)
{
	if (!cpu_self()->bh_disabled++)
		platform_rcu_read_lock();
	barrier();
}

void local_bh_enable(void)
{
	struct pagesim_cpu *cpu = cpu_self();

	BUG_ON(!cpu->bh_disabled);
	WARN_ON(cpu->irqs_off); /* softirqs could not run here */
	if (cpu->bh_disabled == 1 && !cpu->softirq)
		lockdep_softirqs_on();
	barrier();
	if (!--cpu->bh_disabled)
		platform_rcu_read_unlock();
	pagesim_softirq_point();
}

bool in_serving_softirq(void)
{
	return cpu_self()->softirq;
}

bool in_softirq(void)
{
	const struct pagesim_cpu *cpu = cpu_self();

	return cpu->softirq || cpu->bh_disabled;
}

/* ---- interrupts ---- */

/*
 * Interrupts off means holding irq_section, which an interrupt from another
 * CPU has to take: it is kept out, and comes in at the enable.
 */
unsigned long pagesim_irq_save(void)
{
	struct pagesim_cpu *cpu = cpu_self();
	bool were_off = cpu->irqs_off;

	if (!were_off) {
		raw_spin_lock(&cpu->irq_section);
		cpu->irqs_off = true;
		platform_rcu_read_lock();
	}
	return were_off;
}

void local_irq_restore(unsigned long flags)
{
	struct pagesim_cpu *cpu = cpu_self();

	if (flags || !cpu->irqs_off)
		return;
	lockdep_hardirqs_on();
	platform_rcu_read_unlock();
	cpu->irqs_off = false;
	raw_spin_unlock(&cpu->irq_section);
	pagesim_softirq_point();
}

void local_irq_disable(void)
{
	pagesim_irq_save();
}

void local_irq_enable(void)
{
	/* Who interrupted the thread relies on it. */
	if (!WARN_ON(cpu_self()->hardirq))
		local_irq_restore(0);
}

bool irqs_disabled(void)
{
	return cpu_self()->irqs_off;
}

bool in_hardirq(void)
{
	return cpu_self()->hardirq;
}

/* The other's thread is at a point at which interrupts are on, and stays. */
static void interrupt(struct pagesim_cpu *other, void (*func)(void *),
		      void *info)
{
	void *self = platform_self();

	raw_spin_lock(&other->irq_section);
	platform_set_self(self_of(&pagesim_cpus.interrupted[other->id]));
	platform_rcu_read_lock();
	func(info);
	platform_rcu_read_unlock();
	platform_set_self(self);
	raw_spin_unlock(&other->irq_section);
}

void smp_call_function(void (*func)(void *info), void *info,
		       bool wait __maybe_unused)
{
	struct pagesim_cpu *cpu = cpu_self();
	u64 others;

	WARN_ON(cpu->irqs_off); /* two that do this wait for each other */
	smp_mb();
	others = READ_ONCE(pagesim_cpus.taken) & ~BIT_ULL(cpu->id);
	for (; others; others &= others - 1)
		interrupt(&pagesim_cpus.cpu[__builtin_ctzll(others)], func,
			  info);
	smp_mb();
}

void on_each_cpu(void (*func)(void *info), void *info, bool wait)
{
	struct pagesim_cpu *cpu = cpu_self();
	unsigned long flags;

	smp_call_function(func, info, wait);
	local_irq_save(flags);
	cpu->hardirq++;
	func(info);
	cpu->hardirq--;
	local_irq_restore(flags);
}

/* ---- boot ---- */

void cpu_boot(unsigned int nr_cpus)
{
	memset(pagesim_cpus.cpu, 0, sizeof(pagesim_cpus.cpu));
	memset(pagesim_cpus.interrupted, 0, sizeof(pagesim_cpus.interrupted));
	for (unsigned int id = 0; id < MAX_CPUS; id++) {
		pagesim_cpus.cpu[id].id = pagesim_cpus.interrupted[id].id = id;
		pagesim_cpus.interrupted[id].hardirq = 1;
		pagesim_cpus.interrupted[id].irqs_off = true;
		pagesim_cpus.cpu[id].held_locks = lockdep_stack(id, false);
		pagesim_cpus.interrupted[id].held_locks =
			lockdep_stack(id, true);
		snprintf(pagesim_cpus.interrupted[id].name,
			 sizeof(pagesim_cpus.interrupted[id].name),
			 "interrupt");
	}
	pagesim_cpus.nr = nr_cpus;
	pagesim_cpus.taken = 0;
	if (!++pagesim_cpus.boots)
		pagesim_cpus.boots = 1;
	occupy_cpu(take_cpu("main"));
}
