// SPDX-License-Identifier: MIT
// Floor: 5
// One thing each: ONCE, BARRIER, SEMAPHORE, READERS, RECURSIVE, KEYS, C11,
// LOCAL (thread-local data), LARGE (much of .bss), ABORT, NULL_POINTER,
// DEEP (a stack that is full), UNLOCK (what is not held), EXIT, ODD (sizes).
#define _GNU_SOURCE
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include "shape.h"

static int data;

#if defined(ONCE)
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
	data++;
}

static void *body(void *arg)
{
	pthread_once(&once, init);
	assert(data == 1);
	return arg;
}
#elif defined(BARRIER)
static pthread_barrier_t barrier;
static int parts[3];

static void *body(void *arg)
{
	parts[(long)arg] = 1;
	if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
		data++;
	assert(parts[0] + parts[1] + parts[2] == 3);
	return arg;
}
#elif defined(SEMAPHORE)
static sem_t sem;

static void *body(void *arg)
{
	sem_wait(&sem);
	data++;
	sem_post(&sem);
	return arg;
}
#elif defined(READERS)
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static void *body(void *arg)
{
	if (arg) {
		pthread_rwlock_rdlock(&lock);
		assert(data == 0 || data == 2);
	} else {
		pthread_rwlock_wrlock(&lock);
		data++;
		data++;
	}
	pthread_rwlock_unlock(&lock);
	return arg;
}
#elif defined(RECURSIVE)
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static void *body(void *arg)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_lock(&lock);
	data++;
	pthread_mutex_unlock(&lock);
	data++;
	pthread_mutex_unlock(&lock);
	return arg;
}
#elif defined(KEYS)
static pthread_key_t key;
static atomic_int destroyed;

static void destroy(void *value)
{
	free(value);
	atomic_fetch_add(&destroyed, 1);
}

static void *body(void *arg)
{
	assert(!pthread_getspecific(key));
	pthread_setspecific(key, malloc(8));
	assert(pthread_getspecific(key));
	return arg;
}
#elif defined(C11)
static mtx_t lock;
static cnd_t cond;

static void *body(void *arg)
{
	mtx_lock(&lock);
	data++;
	cnd_broadcast(&cond);
	while (data < 3)
		cnd_wait(&cond, &lock);
	mtx_unlock(&lock);
	return arg;
}
#elif defined(LOCAL)
static _Thread_local long mine = 7;
static atomic_int turn;

static void *body(void *arg)
{
	assert(mine == 7);
	mine = (long)arg;
	atomic_fetch_add(&turn, 1);
	assert(mine == (long)arg);
	return arg;
}
#elif defined(LARGE)
static char large[1 << 20];
static atomic_int turn;

static void *body(void *arg)
{
	char *mine = large + ((long)arg << 16);

	assert(!mine[5]);
	mine[5] = 1;
	atomic_fetch_add(&turn, 1);
	return arg;
}
#elif defined(ODD)
static _Atomic(uint64_t) wide;
static atomic_uchar *byte = (atomic_uchar *)&wide;

static void *body(void *arg)
{
	if (arg)
		atomic_fetch_or(&wide, 1ull << 40);
	else
		atomic_store(&byte[1], 2);
	return arg;
}
#else
char *deepest;
int *volatile nowhere;

static int deep(int n)
{
	char frame[4096];

	frame[0] = (char)n;
	deepest = frame;
	return n ? deep(n - 1) + deepest[0] + frame[0] : 0;
}

static void *body(void *arg)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	(void)lock;
	(void)deep;
#if defined(ABORT)
	abort();
#elif defined(NULL_POINTER)
	*nowhere = 1;
#elif defined(DEEP)
	data = deep(1000);
#elif defined(UNLOCK)
	pthread_mutex_unlock(&lock);
#elif defined(EXIT)
	exit(0);
#endif
	return arg;
}
#endif

int main(void)
{
#if defined(BARRIER)
	pthread_barrier_init(&barrier, NULL, 3);
#elif defined(SEMAPHORE)
	sem_init(&sem, 0, 1);
#elif defined(KEYS)
	pthread_key_create(&key, destroy);
#elif defined(C11)
	mtx_init(&lock, mtx_plain);
	cnd_init(&cond);
#endif
	run(3, body);
#if defined(SEMAPHORE)
	assert(data == 3);
#elif defined(KEYS)
	assert(get(&destroyed, RELAXED) == 3);
#elif defined(ODD)
	assert(atomic_load(&wide) == (1ull << 40 | 2 << 8));
#endif
	return 0;
}
