/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* The library's own scenarios, by subsystem. NULL ends the table. */
#ifndef PAGESIM_SCENARIOS_H
#define PAGESIM_SCENARIOS_H

#include <pagesim/scenario.h>

extern const struct pagesim_scenario *const pagesim_scenarios[];

extern const struct pagesim_scenario folio_lock_waiters;
extern const struct pagesim_scenario folio_plain_flags;
extern const struct pagesim_scenario refcount_free_pages;
extern const struct pagesim_scenario refcount_free_pages_compound;
extern const struct pagesim_scenario refcount_freeze;
extern const struct pagesim_scenario refcount_lookup_reload;
extern const struct pagesim_scenario refcount_freeze_mapped;
extern const struct pagesim_scenario refcount_freeze_mapped_zap;
extern const struct pagesim_scenario refcount_freeze_mapped_fork_mm;
extern const struct pagesim_scenario refcount_freeze_mapped_get_and_put;
extern const struct pagesim_scenario refcount_freeze_mapped_gup_slow;
extern const struct pagesim_scenario refcount_freeze_mapped_gup_fast;
extern const struct pagesim_scenario refcount_freeze_mapped_fault;
extern const struct pagesim_scenario lockdep_lock_order;
extern const struct pagesim_scenario lockdep_softirq_inversion;
extern const struct pagesim_scenario lockdep_page_table_free;
extern const struct pagesim_scenario rcu_publish;
extern const struct pagesim_scenario rcu_suspicious_usage;

#endif /* PAGESIM_SCENARIOS_H */
