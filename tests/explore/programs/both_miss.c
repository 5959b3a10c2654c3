// SPDX-License-Identifier: MIT
// Floor: 5
// Each writes its own flag and looks at the other's: may both miss?
#include "shape.h"

static atomic_int flag[2];
static int missed[2];

static void *body(void *arg)
{
	long me = (long)arg;

	set(&flag[me], 1, RELAXED);
#ifdef FENCE
	atomic_thread_fence(memory_order_seq_cst);
#endif
	missed[me] = !get(&flag[!me], RELAXED);
	return NULL;
}

int main(void)
{
	run(2, body);
	assert(!(missed[0] && missed[1]));
	return 0;
}
