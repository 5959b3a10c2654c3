// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/might_sleep.h>

#include "cpu.h"
#include "lockdep.h"

static unsigned int count_of(const struct pagesim_cpu *cpu)
{
	return lockdep_nr_spinlocks(cpu) + cpu->preempt_off +
	       ((cpu->softirq + 2 * cpu->bh_disabled) << 8) +
	       (cpu->hardirq << 16);
}

unsigned int preempt_count(void)
{
	const struct pagesim_cpu *cpu = cpu_if_any();

	return cpu ? count_of(cpu) : 0;
}

static noinline void report_sleeper(const struct pagesim_cpu *cpu,
				    const char *file, int line)
{
	pr_warn("in_atomic(): %d, irqs_disabled(): %d, non_block: 0, pid: %u, name: %s\n",
		count_of(cpu) != 0, cpu->irqs_off, cpu->id, cpu->name);
	pr_warn("preempt_count: %x, expected: 0\n", count_of(cpu));
	pr_warn("RCU nest depth: %u, expected: 0\n", cpu->rcu_nesting);
	lockdep_print_held(cpu);
	pagesim_report(
		PAGESIM_REPORT_WARN, file, line, "might_sleep",
		"BUG: sleeping function called from invalid context at %s:%d",
		file, line);
}

/* A thread that never asked for a CPU is in nothing, and needs none here. */
void __might_sleep(const char *file, int line)
{
	const struct pagesim_cpu *cpu = cpu_if_any();

	if (!cpu)
		return;
	if (unlikely(cpu->rcu_nesting))
		lockdep_rcu_suspicious(
			file, line,
			"Illegal context switch in RCU read-side critical section");
	if (unlikely(count_of(cpu) || cpu->irqs_off || cpu->rcu_nesting))
		report_sleeper(cpu, file, line);
}
