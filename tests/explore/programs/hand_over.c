// SPDX-License-Identifier: MIT
// Floor: 5
// One waits on a condition for what another makes. LOST: without a look at
// whether it is there already.
#include "shape.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int made;

static void *body(void *arg)
{
	pthread_mutex_lock(&lock);
	if (arg) {
#ifndef LOST
		while (!made)
#endif
			pthread_cond_wait(&cond, &lock);
		assert(made);
	} else {
		made = 1;
		pthread_cond_signal(&cond);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

int main(void)
{
	run(2, body);
	return 0;
}
