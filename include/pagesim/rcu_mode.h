/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* Where RCU callbacks run; for struct pagesim_config. Clean C++. */
#ifndef PAGESIM_RCU_MODE_H
#define PAGESIM_RCU_MODE_H

enum pagesim_rcu_mode {
	/*
	 * In a softirq on the CPU that queued, on top of its thread and of
	 * every lock that it holds: the kernel's default.
	 */
	PAGESIM_RCU_SOFTIRQ,
	/*
	 * With bottom halves off, on nobody's top: the kernel's rcuc and rcuo
	 * threads (rcutree.use_softirq=0, rcu_nocbs=).
	 */
	PAGESIM_RCU_KTHREAD_BH_OFF,
	/* In a thread of RCU's own, as liburcu does. No kernel does so. */
	PAGESIM_RCU_HELPER_THREAD,
	PAGESIM_RCU_NR_MODES,
};

#endif /* PAGESIM_RCU_MODE_H */
