/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/*
 * Programs for explore_table.h as one reads them in papers. Threads are
 * parted by |, their lines by spaces; locations are x, y, z, w:
 *
 *	Wx1 Ry		a store of 1, a load
 *	Ax1 Xx1		an atomic addition, an exchange
 *	Cx01		a compare-exchange of 0 by 1
 *	F		a fence
 *	Kx Qx		takes the lock x, leaves it
 *	L U S		rcu_read_lock(), rcu_read_unlock(), synchronize_rcu()
 *
 * each followed by its order: nothing for relaxed, .a for acquire, .r for
 * release, .ar, .sc, and, after a /, that of a failed compare-exchange. Vx is
 * an addition of 1 without a result, Ox4 an or. A load that waits until it
 * reads n is Rx?n.
 *
 * An outcome names values read, by thread and line, and memory at last:
 * "0.1=1 1.0=0 x=2".
 */
#ifndef PAGESIM_EXPLORE_LITMUS_H
#define PAGESIM_EXPLORE_LITMUS_H

#include "explore_table.h"

void litmus_parse(const char *text, struct t_program *program);

/* Whether the state is the outcome. */
bool litmus_matches(const char *outcome, const struct t_state *state);

#endif /* PAGESIM_EXPLORE_LITMUS_H */
