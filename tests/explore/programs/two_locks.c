// SPDX-License-Identifier: MIT
// Floor: 5
// Two locks in two orders. ORDERED: in one; TRY: gives up the first.
#include "shape.h"

static pthread_mutex_t lock[2] = { PTHREAD_MUTEX_INITIALIZER,
				   PTHREAD_MUTEX_INITIALIZER };
static int data;

static void *body(void *arg)
{
#ifdef ORDERED
	int first = 0;
#else
	int first = arg != NULL;
#endif

	(void)arg;
	pthread_mutex_lock(&lock[first]);
#ifdef TRY
	if (pthread_mutex_trylock(&lock[!first])) {
		pthread_mutex_unlock(&lock[first]);
		return NULL;
	}
#else
	pthread_mutex_lock(&lock[!first]);
#endif
	data++;
	pthread_mutex_unlock(&lock[!first]);
	pthread_mutex_unlock(&lock[first]);
	return NULL;
}

int main(void)
{
	run(2, body);
	return 0;
}
