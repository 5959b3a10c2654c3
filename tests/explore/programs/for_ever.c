// SPDX-License-Identifier: MIT
// Floor: 5
// Two wait for each other's flag by looking at it.
#include "shape.h"

static atomic_int flag[2];

static void *body(void *arg)
{
	long me = (long)arg;

	while (!get(&flag[!me], ACQUIRE))
		;
	set(&flag[me], 1, RELEASE);
	return NULL;
}

int main(void)
{
	run(2, body);
	return 0;
}
