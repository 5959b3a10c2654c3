// SPDX-License-Identifier: MIT
// Floor: 5
/* The mistake: the pointer is used after the section has ended. */
#include "planted.h"

static void publish(struct node *node)
{
	rcu_assign_pointer(shared, node);
}

static void read_once(void)
{
	const struct node *node;

	rcu_read_lock();
	node = rcu_dereference(shared);
	rcu_read_unlock();
	use(node);
}
