// SPDX-License-Identifier: MIT
// Floor: 5
#include "scenarios.h"

const struct pagesim_scenario *const pagesim_scenarios[] = {
	&folio_lock_waiters,
	&folio_plain_flags,
	&refcount_free_pages,
	&refcount_free_pages_compound,
	&refcount_freeze,
	&refcount_lookup_reload,
	&refcount_freeze_mapped,
	&refcount_freeze_mapped_zap,
	&refcount_freeze_mapped_fork_mm,
	&refcount_freeze_mapped_get_and_put,
	&refcount_freeze_mapped_gup_slow,
	&refcount_freeze_mapped_gup_fast,
	&refcount_freeze_mapped_fault,
	&lockdep_lock_order,
	&lockdep_softirq_inversion,
	&lockdep_page_table_free,
	&rcu_publish,
	&rcu_suspicious_usage,
	NULL,
};
