// SPDX-License-Identifier: MIT
// Floor: 5
/* The mistake: a reader without rcu_read_lock(). */
#include "planted.h"

static void publish(struct node *node)
{
	rcu_assign_pointer(shared, node);
}

static void read_once(void)
{
	use(rcu_dereference_raw(shared));
}
