// SPDX-License-Identifier: MIT
// Floor: 5
/* No mistake: ThreadSanitizer is to say nothing. */
#include "planted.h"

static void publish(struct node *node)
{
	rcu_assign_pointer(shared, node);
}

static void read_once(void)
{
	rcu_read_lock();
	use(rcu_dereference(shared));
	rcu_read_unlock();
}
