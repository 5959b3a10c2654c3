/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* What only the simulator itself may do with CPUs. */
#ifndef PAGESIM_SRC_CPU_H
#define PAGESIM_SRC_CPU_H

#include <pagesim/cpu.h>

/* CPUs that threads can have, and one more for RCU's. */
#define MAX_CPUS 63

/* All CPUs are free; whoever had one of the last boot has none. */
void cpu_boot(unsigned int nr_cpus);

/*
 * Runs fn(NULL) in a thread of the simulator's own. Its CPU is one more than
 * the nr_cpus, which must be less than MAX_CPUS, and it is the only one there.
 */
int cpu_start_kthread(struct pagesim_thread *thread, const char *name,
		      void (*fn)(void *));

/* The caller's CPU, or NULL: does not take one. */
struct pagesim_cpu *cpu_if_any(void);

/* The CPUs that have a thread, a bit each. Context: they may come and go. */
u64 cpus_taken(void);

/* Runs fn on the caller's CPU as a softirq handler, be they disabled or not. */
void cpu_run_as_softirq(void (*fn)(void));

#endif /* PAGESIM_SRC_CPU_H */
