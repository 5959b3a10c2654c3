/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* What only the simulator itself may do with CPUs. */
#ifndef PAGESIM_SRC_CPU_H
#define PAGESIM_SRC_CPU_H

#include <pagesim/compiler.h>
#include <pagesim/cpu.h>

#include "platform.h"

/* CPUs that threads can have, and one more for RCU's. */
#define MAX_CPUS 63

struct pagesim_cpus {
	u32 boots; /* never 0 */
	unsigned int nr;
	u64 taken; /* a bit for each CPU that has a thread */
	struct pagesim_cpu cpu[MAX_CPUS];
	/* What a handler runs on that interrupts the CPU of the same number. */
	struct pagesim_cpu interrupted[MAX_CPUS];
};

extern struct pagesim_cpus pagesim_cpus;

/*
 * The caller has CPU 0, named "main"; the others are free. Whoever had one of
 * the last boot has none. pagesim_thread_exit() gives CPU 0 back.
 */
void cpu_boot(unsigned int nr_cpus);

/*
 * Runs fn(NULL) in a thread of the simulator's own. Its CPU is one more than
 * the nr_cpus, which must be less than MAX_CPUS, and it is the only one there.
 */
int cpu_start_kthread(struct pagesim_thread *thread, const char *name,
		      void (*fn)(void *));

/*
 * The caller's CPU, or NULL: does not take one. platform_self() holds the
 * number of the boot and how far into pagesim_cpus the CPU is, so that a thread
 * that outlives its machine does not take its CPU into the next.
 */
static __always_inline struct pagesim_cpu *cpu_if_any(void)
{
	u64 self = (u64)platform_self();

	if (unlikely(self >> 32 != pagesim_cpus.boots))
		return NULL;
	return (struct pagesim_cpu *)((char *)&pagesim_cpus + (u32)self);
}

struct pagesim_cpu *cpu_enter(void);

/* this_cpu(), without the call. */
static __always_inline struct pagesim_cpu *cpu_self(void)
{
	struct pagesim_cpu *cpu = cpu_if_any();

	return likely(cpu) ? cpu : cpu_enter();
}

/*
 * The caller's thread is in no interrupt, softirq, section or callback any
 * more, whatever it left without coming to its end.
 */
void cpu_put_right(struct pagesim_cpu *cpu);

/* The CPUs that have a thread, a bit each. Context: they may come and go. */
u64 cpus_taken(void);

/* Runs fn on the caller's CPU as a softirq handler, be they disabled or not. */
void cpu_run_as_softirq(void (*fn)(void));

#endif /* PAGESIM_SRC_CPU_H */
