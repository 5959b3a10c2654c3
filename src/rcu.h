/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* RCU's part of boot and shutdown. */
#ifndef PAGESIM_SRC_RCU_H
#define PAGESIM_SRC_RCU_H

#include <stdbool.h>
#include <pagesim/rcu_mode.h>

/* True if the mode, or the wish for one, takes a CPU for a thread of RCU's. */
bool rcu_has_worker(enum pagesim_rcu_mode mode, bool worker);

/*
 * False, with a bug-on report that what "was called in ...", where the caller
 * must not sleep.
 */
bool rcu_may_wait(const char *what);

/* Context: after cpu_boot(). Returns 0, or -errno with the error's text set. */
int rcu_boot(enum pagesim_rcu_mode mode, bool worker, bool lifo);

/*
 * Runs what is queued, in up to three rounds, since callbacks may queue; what
 * is left then is reported as a leak and forgotten.
 */
void rcu_shutdown(void);

#endif /* PAGESIM_SRC_RCU_H */
