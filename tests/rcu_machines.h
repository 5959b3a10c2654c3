/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* For the tests of RCU: machines by mode, and what was reported last. */
#ifndef PAGESIM_TEST_RCU_MACHINES_H
#define PAGESIM_TEST_RCU_MACHINES_H

#include "test.h"
#include <pagesim/cpu.h>
#include <pagesim/rcupdate.h>

#define NR_CPUS 6

static inline int boot_mode(enum pagesim_rcu_mode mode, bool lifo, bool worker)
{
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.nr_pages = 64;
	config.nr_cpus = NR_CPUS;
	config.rcu_mode = mode;
	config.rcu_lifo = lifo;
	config.rcu_worker = worker;
	return pagesim_boot(&config);
}

static inline int boot_softirq(void **state)
{
	(void)state;
	return boot_mode(PAGESIM_RCU_SOFTIRQ, false, false);
}

#define rcu_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_softirq, shutdown_machine)

static char last_rule[256];
static bool rule_is_written; /* by one thread at a time */

static inline void note_report(const struct pagesim_report *report, void *data)
{
	(void)data;
	while (__atomic_exchange_n(&rule_is_written, true, __ATOMIC_ACQUIRE))
		cpu_relax();
	snprintf(last_rule, sizeof(last_rule), "%s", report->rule);
	__atomic_store_n(&rule_is_written, false, __ATOMIC_RELEASE);
}

/* ---- a callback that says that it ran ---- */

static bool flag;

static inline void set_flag(struct rcu_head *head)
{
	(void)head;
	smp_store_release(&flag, true);
}

#endif /* PAGESIM_TEST_RCU_MACHINES_H */
