// SPDX-License-Identifier: MIT
// Floor: 0
/* C11 threads, which are POSIX threads by other names. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

#include "word.h"

static int as_c11(int err)
{
	switch (err) {
	case 0:
		return thrd_success;
	case EBUSY:
		return thrd_busy;
	case ETIMEDOUT:
		return thrd_timedout;
	case ENOMEM:
		return thrd_nomem;
	default:
		return thrd_error;
	}
}

/* An int goes through the pointer that a POSIX thread returns. */
int thrd_create(thrd_t *thread, thrd_start_t fn, void *arg)
{
	return as_c11(pthread_create(
		thread, NULL, (void *(*)(void *))(void (*)(void))fn, arg));
}

int thrd_join(thrd_t thread, int *result)
{
	void *value;
	int err = pthread_join(thread, &value);

	if (!err && result)
		*result = (int)(intptr_t)value;
	return as_c11(err);
}

int thrd_detach(thrd_t thread)
{
	return as_c11(pthread_detach(thread));
}

thrd_t thrd_current(void)
{
	return pthread_self();
}

int thrd_equal(thrd_t a, thrd_t b)
{
	return a == b;
}

void thrd_exit(int result)
{
	pthread_exit((void *)(intptr_t)result);
}

void thrd_yield(void)
{
	ex_relax();
}

int thrd_sleep(const struct timespec *time, struct timespec *left)
{
	(void)time;
	(void)left;
	ex_relax();
	return 0;
}

int mtx_init(mtx_t *mutex, int type)
{
	pthread_mutexattr_t attr;
	int err;

	pthread_mutexattr_init(&attr);
	if (type & mtx_recursive)
		pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	err = pthread_mutex_init((pthread_mutex_t *)mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	return as_c11(err);
}

void mtx_destroy(mtx_t *mutex)
{
	pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int mtx_lock(mtx_t *mutex)
{
	return as_c11(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_trylock(mtx_t *mutex)
{
	return as_c11(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict until)
{
	return as_c11(pthread_mutex_timedlock((pthread_mutex_t *)mutex, until));
}

int mtx_unlock(mtx_t *mutex)
{
	return as_c11(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

int cnd_init(cnd_t *cond)
{
	return as_c11(pthread_cond_init((pthread_cond_t *)cond, NULL));
}

void cnd_destroy(cnd_t *cond)
{
	pthread_cond_destroy((pthread_cond_t *)cond);
}

int cnd_wait(cnd_t *cond, mtx_t *mutex)
{
	return as_c11(pthread_cond_wait((pthread_cond_t *)cond,
					(pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex,
		  const struct timespec *restrict until)
{
	return as_c11(pthread_cond_timedwait((pthread_cond_t *)cond,
					     (pthread_mutex_t *)mutex, until));
}

int cnd_signal(cnd_t *cond)
{
	return as_c11(pthread_cond_signal((pthread_cond_t *)cond));
}

int cnd_broadcast(cnd_t *cond)
{
	return as_c11(pthread_cond_broadcast((pthread_cond_t *)cond));
}

int tss_create(tss_t *key, tss_dtor_t destroy)
{
	return as_c11(pthread_key_create(key, destroy));
}

void tss_delete(tss_t key)
{
	pthread_key_delete(key);
}

void *tss_get(tss_t key)
{
	return pthread_getspecific(key);
}

int tss_set(tss_t key, void *value)
{
	return as_c11(pthread_setspecific(key, value));
}

void call_once(once_flag *once, void (*fn)(void))
{
	pthread_once((pthread_once_t *)once, fn);
}
