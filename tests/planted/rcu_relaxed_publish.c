// SPDX-License-Identifier: MIT
// Floor: 5
/* The mistake: a new node is published without order. */
#include "planted.h"

static void publish(struct node *node)
{
	RCU_INIT_POINTER(shared, node);
}

static void read_once(void)
{
	rcu_read_lock();
	use(rcu_dereference(shared));
	rcu_read_unlock();
}
