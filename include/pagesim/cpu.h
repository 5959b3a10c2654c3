/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Simulated CPUs: what a thread may be interrupted by, and what it is in.
 *
 * Models: include/linux/preempt.h, include/linux/bottom_half.h,
 * include/linux/irqflags.h, kernel/softirq.c, kernel/smp.c at v6.12.
 *
 * A thread that runs simulated code occupies one CPU from its start to its
 * end; nobody else runs there but the interrupts and softirqs that come on
 * top of it. Who boots the machine has CPU 0, a thread of
 * pagesim_thread_create() has its CPU from the start, any other (a pthread)
 * from the first call that asks for one; until pagesim_thread_exit() or its
 * end, who boots until pagesim_shutdown().
 *
 * A stretch in which softirqs or interrupts cannot come in holds up RCU's
 * grace periods (rcupdate.h).
 *
 * Differs from the kernel: a CPU has one thread, which nothing preempts and
 * which does not migrate. An interrupt from another CPU runs on the CPU that
 * sends it, while the other is kept out of its interrupts-off sections, which
 * is what it could tell. A softirq runs on top of its thread at the end of
 * local_bh_disable() and at the points that pagesim_softirq_point() marks,
 * not at any instruction.
 */
#ifndef PAGESIM_CPU_H
#define PAGESIM_CPU_H

#include <stdbool.h>
#include <pagesim/compiler.h>
#include <pagesim/raw_spinlock.h>
#include <pagesim/types.h>

struct pagesim_cpu {
	unsigned int id;
	char name[24]; /* of the thread that runs on it */

	/* Written by its own thread only. */
	unsigned int bh_disabled; /* depth of local_bh_disable() */
	unsigned int preempt_off; /* of preempt_disable() */
	bool irqs_off;
	unsigned int hardirq; /* depth of interrupt handlers running */
	unsigned int softirq; /* of softirq handlers running */
	unsigned int rcu_nesting; /* of rcu_read_lock() */
	unsigned int rcu_callback; /* of RCU callbacks running */

	/* lockdep's: what the thread holds, the newest last. */
	struct held_lock *held_locks;
	unsigned int nr_held_locks;

	/* Held while interrupts are off, or one comes in. */
	raw_spinlock_t irq_section;
	u32 softirq_pending; /* bit per handler; any CPU sets */
	u32 task_state; /* of the thread; see wait.h */
};

/* The CPU that the caller runs on. Never NULL; BUG() if all are taken. */
struct pagesim_cpu *this_cpu(void);

/* Between two looks at a word that another CPU writes. */
void cpu_relax(void);

static inline unsigned int smp_processor_id(void)
{
	return this_cpu()->id;
}

/* ---- threads ---- */

struct pagesim_thread {
	void *handle;
};

/*
 * Runs fn(arg) on a CPU of its own. name is for reports and may be NULL.
 * Returns 0, -EBUSY if all CPUs of the configuration are taken, -ENOMEM.
 */
int pagesim_thread_create(struct pagesim_thread *thread, const char *name,
			  void (*fn)(void *), void *arg);
void pagesim_thread_join(struct pagesim_thread *thread);

/*
 * Gives back the CPU of a thread that pagesim_thread_create() did not make:
 * of one that only waits for others, say. A thread that ends without it does
 * so then. Who asks again, gets one again.
 */
void pagesim_thread_exit(void);

/* Calls fn for each CPU that a thread runs on. Context: they may come and go. */
void for_each_running_cpu(void (*fn)(struct pagesim_cpu *cpu, void *data),
			  void *data);

/* ---- preemption ---- */

/*
 * A stretch that does not sleep and holds grace periods up, since v4.20. There
 * is nothing to preempt the thread: softirqs and interrupts come in. Nests.
 * Results: an enable without a disable is a bug-on report and does nothing.
 * Differs from the kernel: the locks do not do so (rcupdate.h).
 */
void preempt_disable(void);
void preempt_enable(void);

/* ---- bottom halves ---- */

/* No softirq runs on this CPU until the matching enable. Nests. */
void local_bh_disable(void);
/* Runs, before it returns, what became pending, if softirqs may run. */
void local_bh_enable(void);

/* In a softirq handler, or with bottom halves disabled. */
bool in_softirq(void);
/* In a softirq handler. */
bool in_serving_softirq(void);

/* ---- interrupts ---- */

void local_irq_disable(void);
void local_irq_enable(void);
bool irqs_disabled(void);
unsigned long pagesim_irq_save(void);
void local_irq_restore(unsigned long flags);
#define local_irq_save(flags) ((void)((flags) = pagesim_irq_save()))

/* In an interrupt handler. */
bool in_hardirq(void);

/*
 * Runs func(info) as an interrupt on every other CPU, one by one, each when
 * it is out of its interrupts-off sections; with wait or without returns
 * after the last. Ordering: full, on both sides.
 * Context: interrupts on, or two CPUs that call each other never return.
 */
void smp_call_function(void (*func)(void *info), void *info, bool wait);
/* The same and on this CPU. */
void on_each_cpu(void (*func)(void *info), void *info, bool wait);

/* ---- softirqs ---- */

enum {
	RCU_SOFTIRQ,
	NR_SOFTIRQS,
};

/* Sets the handler. Context: boot. */
void open_softirq(unsigned int nr, void (*action)(void));

/* Marks it pending on the CPU; its thread runs it when it may. */
void pagesim_raise_softirq(struct pagesim_cpu *cpu, unsigned int nr);
void raise_softirq(unsigned int nr);

/*
 * A point at which an interrupt could end and its softirqs run: on top of
 * the caller and of every lock that it holds, unless bottom halves or
 * interrupts are off or a softirq runs already.
 */
void pagesim_softirq_point(void);

#endif /* PAGESIM_CPU_H */
