// SPDX-License-Identifier: MIT
// Floor: 5
// Two write what no lock protects. LOCK: one does; STACK: on main's stack;
// BYTES: neighbours; PART: a byte of a word.
#include "shape.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char bytes[8];
int word;
static int *shared = &word;

static void *body(void *arg)
{
#ifdef LOCK
	pthread_mutex_lock(&lock);
#endif
#ifdef BYTES
	bytes[(long)arg]++;
#elif defined(PART)
	if (arg)
		((char *)&word)[3] = 1;
	else
		word = 1;
#else
	(*shared)++;
#endif
#ifdef LOCK
	pthread_mutex_unlock(&lock);
#endif
	(void)arg;
	(void)bytes;
	return NULL;
}

int main(void)
{
#ifdef STACK
	int on_stack = 0;

	shared = &on_stack;
#endif
	(void)lock;
	run(2, body);
	return 0;
}
