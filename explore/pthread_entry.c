// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * POSIX threads for explored programs. State is kept in the program's own
 * objects, of which the static initialisers are all zero but for a mutex's
 * kind, in the C library's place; so an engine sees words and nothing else.
 *
 *	mutex       word 0: owner's id + 1, or 0; then the recursion's depth
 *	rwlock      word 0: readers, or WRITER; word 1: who writes
 *	spin lock   word 0: owner's id + 1
 *	condition   8 bytes: the set of waiting threads
 *	barrier     8 bytes: how many are missing, how many there are; then
 *	            4 bytes: the round
 *	once        word 0: 0, 1 while it runs, 2
 *	semaphore   word 0: the count
 *
 * Timeouts are a choice of the search: the time is over, or it is not.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "word.h"

enum {
	WRITER = 1 << 30
};

void __assert_fail(const char *expr, const char *file, unsigned int line,
		   const char *function);

static unsigned int me(void)
{
	return (unsigned int)ex_cur->id + 1;
}

static struct ex_op locks(struct ex_op op)
{
	op.flags |= EX_LOCK;
	return op;
}

static struct ex_op unlocks(struct ex_op op)
{
	op.flags |= EX_UNLOCK;
	return op;
}

/* ---- threads ---- */

static struct fiber *fiber_of(pthread_t id, struct ex_op op)
{
	if (id - 1 >= (pthread_t)ex_nr_threads()) {
		char place[256];

		ex_place(op.pc, place, sizeof(place));
		ex_die(EX_LOCK_MISUSE, "%s of what is no thread at %s", op.name,
		       place);
	}
	return ex_thread((int)id - 1)->fiber;
}

int pthread_create(pthread_t *id, const pthread_attr_t *attr,
		   void *(*fn)(void *), void *arg)
{
	struct ex_op op = CALL("pthread_create");
	int state = PTHREAD_CREATE_JOINABLE;
	uint64_t child;

	if (!ex_active()) {
		int (*real)(pthread_t *, const pthread_attr_t *,
			    void *(*)(void *), void *);

		*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
		return real(id, attr, fn, arg);
	}
	if (ex_nr_threads() == EX_MAX_THREADS)
		ex_die(EX_LIMIT, "more than %d threads", EX_MAX_THREADS);
	op.kind = EX_CREATE;
	op.arg = (uintptr_t)fn;
	op.expected = (uintptr_t)arg;
	child = ex_visible(&op);
	if (attr)
		pthread_attr_getdetachstate(attr, &state);
	ex_thread((int)child)->fiber->detached = state ==
						 PTHREAD_CREATE_DETACHED;
	*id = child + 1;
	return 0;
}

int pthread_join(pthread_t id, void **result)
{
	struct ex_op op = CALL("pthread_join");
	struct fiber *fiber;

	if (!ex_active()) {
		int (*real)(pthread_t, void **);

		*(void **)&real = dlsym(RTLD_NEXT, "pthread_join");
		return real(id, result);
	}
	fiber = fiber_of(id, op);
	if (fiber->detached || fiber->joined)
		ex_die(EX_LOCK_MISUSE, "pthread_join() of thread %d, which %s",
		       fiber->thread->id,
		       fiber->joined ? "was joined before" : "is detached");
	if (fiber == ex_cur->fiber)
		return EDEADLK;
	fiber->joined = true;
	op.kind = EX_JOIN;
	op.arg = id - 1;
	ex_visible(&op);
	ex_joined();
	if (result)
		*result = fiber->result;
	return 0;
}

int pthread_detach(pthread_t id)
{
	struct ex_op op = CALL("pthread_detach");

	if (ex_active())
		fiber_of(id, op)->detached = true;
	return 0;
}

pthread_t pthread_self(void)
{
	if (!ex_active()) {
		pthread_t (*real)(void);

		*(void **)&real = dlsym(RTLD_NEXT, "pthread_self");
		return real();
	}
	return me();
}

int pthread_equal(pthread_t a, pthread_t b)
{
	return a == b;
}

void pthread_exit(void *result)
{
	if (!ex_active()) {
		void (*real)(void *) __attribute__((noreturn));

		*(void **)&real = dlsym(RTLD_NEXT, "pthread_exit");
		real(result);
	}
	fiber_exit(result);
}

/* ---- mutexes ---- */

static bool recursive(pthread_mutex_t *mutex)
{
	return (mutex->__data.__kind & 3) == PTHREAD_MUTEX_RECURSIVE;
}

/*
 * The owner says so beside the word, since an engine need not keep the word
 * itself in memory. Others read it without harm: it is not their id.
 */
static bool owned(pthread_mutex_t *mutex)
{
	return mutex->__data.__owner == (int)me();
}

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
	int kind = PTHREAD_MUTEX_DEFAULT;

	if (attr)
		pthread_mutexattr_gettype(attr, &kind);
	memset(mutex, 0, sizeof(*mutex));
	mutex->__data.__kind = kind;
	return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	return mutex->__data.__lock ? EBUSY : 0;
}

static void mutex_take(struct ex_op op, pthread_mutex_t *mutex)
{
	word_rmw(word_await(locks(op), ~0ull, 0, 0), &mutex->__data.__lock, 4,
		 EX_FN_XCHG, me(), __ATOMIC_ACQUIRE);
	mutex->__data.__owner = (int)me();
}

static int mutex_lock(struct ex_op op, pthread_mutex_t *mutex)
{
	if (owned(mutex) && recursive(mutex)) {
		mutex->__data.__count++;
		return 0;
	}
	if (owned(mutex) &&
	    (mutex->__data.__kind & 3) == PTHREAD_MUTEX_ERRORCHECK)
		return EDEADLK;
	mutex_take(op, mutex);
	return 0;
}

static int mutex_trylock(struct ex_op op, pthread_mutex_t *mutex)
{
	if (owned(mutex) && recursive(mutex)) {
		mutex->__data.__count++;
		return 0;
	}
	if (!word_cmpxchg(locks(op), &mutex->__data.__lock, 4, 0, me(),
			  __ATOMIC_ACQUIRE))
		return EBUSY;
	mutex->__data.__owner = (int)me();
	return 0;
}

static int mutex_unlock(struct ex_op op, pthread_mutex_t *mutex)
{
	char place[256];

	if (!owned(mutex)) {
		if ((mutex->__data.__kind & 3) != PTHREAD_MUTEX_NORMAL)
			return EPERM;
		ex_place(op.pc, place, sizeof(place));
		ex_die(EX_LOCK_MISUSE,
		       "%s() at %s of a mutex that thread %d does not hold",
		       op.name, place, ex_cur->id);
	}
	if (mutex->__data.__count) {
		mutex->__data.__count--;
		return 0;
	}
	mutex->__data.__owner = 0;
	word_store(unlocks(op), &mutex->__data.__lock, 4, 0, __ATOMIC_RELEASE);
	return 0;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	return mutex_lock(CALL("pthread_mutex_lock"), mutex);
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	return mutex_trylock(CALL("pthread_mutex_trylock"), mutex);
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	return mutex_unlock(CALL("pthread_mutex_unlock"), mutex);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex,
			    const struct timespec *until)
{
	struct ex_op op = CALL("pthread_mutex_timedlock");

	(void)until;
	if (word_choose(op, 2))
		return mutex_trylock(op, mutex) ? ETIMEDOUT : 0;
	return mutex_lock(op, mutex);
}

/* ---- reader-writer locks ---- */

#define RWLOCK_WORD(lock) ((unsigned int *)(void *)(lock))
#define RWLOCK_WRITER(lock) (RWLOCK_WORD(lock)[1])

int pthread_rwlock_init(pthread_rwlock_t *lock,
			const pthread_rwlockattr_t *attr)
{
	(void)attr;
	memset(lock, 0, sizeof(*lock));
	return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
	return *RWLOCK_WORD(lock) ? EBUSY : 0;
}

/* Readers commute: which of them was first, nobody sees. */
int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
	struct ex_op op = locks(CALL("pthread_rwlock_rdlock"));

	op.flags |= EX_VOID;
	word_rmw(word_await(op, WRITER, 0, 0), RWLOCK_WORD(lock), 4, EX_FN_ADD,
		 1, __ATOMIC_ACQUIRE);
	return 0;
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
	struct ex_op op = locks(CALL("pthread_rwlock_wrlock"));

	word_rmw(word_await(op, ~0ull, 0, 0), RWLOCK_WORD(lock), 4, EX_FN_ADD,
		 WRITER, __ATOMIC_ACQUIRE);
	RWLOCK_WRITER(lock) = me();
	return 0;
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
	struct ex_op op = locks(CALL("pthread_rwlock_tryrdlock"));
	uint64_t v = word_load(op, RWLOCK_WORD(lock), 4, __ATOMIC_RELAXED);

	while (!(v & WRITER)) {
		if (word_cmpxchg(op, RWLOCK_WORD(lock), 4, v, v + 1,
				 __ATOMIC_ACQUIRE))
			return 0;
		v = word_load(op, RWLOCK_WORD(lock), 4, __ATOMIC_RELAXED);
	}
	return EBUSY;
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
	struct ex_op op = locks(CALL("pthread_rwlock_trywrlock"));

	if (!word_cmpxchg(op, RWLOCK_WORD(lock), 4, 0, WRITER,
			  __ATOMIC_ACQUIRE))
		return EBUSY;
	RWLOCK_WRITER(lock) = me();
	return 0;
}

int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
	struct ex_op op = unlocks(CALL("pthread_rwlock_unlock"));

	if (RWLOCK_WRITER(lock) == me()) {
		RWLOCK_WRITER(lock) = 0;
		word_store(op, RWLOCK_WORD(lock), 4, 0, __ATOMIC_RELEASE);
		return 0;
	}
	op.flags |= EX_VOID;
	word_rmw(op, RWLOCK_WORD(lock), 4, EX_FN_ADD, (uint32_t)-1,
		 __ATOMIC_RELEASE);
	return 0;
}

/* ---- spin locks ---- */

int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
	(void)shared;
	*lock = 0;
	return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *lock)
{
	return *lock ? EBUSY : 0;
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
	word_rmw(word_await(locks(CALL("pthread_spin_lock")), ~0ull, 0, 0),
		 (void *)lock, 4, EX_FN_XCHG, me(), __ATOMIC_ACQUIRE);
	return 0;
}

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
	return word_cmpxchg(locks(CALL("pthread_spin_trylock")), (void *)lock,
			    4, 0, me(), __ATOMIC_ACQUIRE)
		       ? 0
		       : EBUSY;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
	word_store(unlocks(CALL("pthread_spin_unlock")), (void *)lock, 4, 0,
		   __ATOMIC_RELEASE);
	return 0;
}

/* ---- conditions ---- */

#define WAITERS(cond) ((uint64_t *)(void *)(cond))

int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr)
{
	(void)attr;
	memset(cond, 0, sizeof(*cond));
	return 0;
}

int pthread_cond_destroy(pthread_cond_t *cond)
{
	(void)cond;
	return 0;
}

int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	struct ex_op op = CALL("pthread_cond_wait");

	word_enqueue(op, WAITERS(cond));
	mutex_unlock(op, mutex);
	word_wait(op, WAITERS(cond));
	mutex_take(op, mutex);
	return 0;
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
			   const struct timespec *until)
{
	struct ex_op op = CALL("pthread_cond_timedwait");
	bool over;

	(void)until;
	over = word_choose(op, 2);
	word_enqueue(op, WAITERS(cond));
	mutex_unlock(op, mutex);
	if (over)
		word_dequeue(op, WAITERS(cond));
	else
		word_wait(op, WAITERS(cond));
	mutex_take(op, mutex);
	return over ? ETIMEDOUT : 0;
}

int pthread_cond_signal(pthread_cond_t *cond)
{
	word_wake(CALL("pthread_cond_signal"), WAITERS(cond), 1);
	return 0;
}

int pthread_cond_broadcast(pthread_cond_t *cond)
{
	word_wake(CALL("pthread_cond_broadcast"), WAITERS(cond),
		  EX_MAX_THREADS);
	return 0;
}

/* ---- barriers ---- */

struct barrier {
	uint32_t arrived;
	uint32_t count;
	uint32_t round;
};

int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *a,
			 unsigned int count)
{
	struct barrier *barrier = (void *)b;

	(void)a;
	if (!count)
		return EINVAL;
	barrier->arrived = 0;
	barrier->count = count;
	barrier->round = 0;
	return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
	(void)b;
	return 0;
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
	struct ex_op op = CALL("pthread_barrier_wait");
	struct barrier *barrier = (void *)b;
	uint64_t round = word_load(op, &barrier->round, 4, __ATOMIC_RELAXED);
	uint64_t before = word_rmw(op, &barrier->arrived, 4, EX_FN_ADD, 1,
				   __ATOMIC_ACQ_REL);

	if (before + 1 == barrier->count) {
		word_store(op, &barrier->arrived, 4, 0, __ATOMIC_RELAXED);
		word_store(op, &barrier->round, 4, (uint32_t)(round + 1),
			   __ATOMIC_RELEASE);
		return PTHREAD_BARRIER_SERIAL_THREAD;
	}
	word_load(word_await(op, 0xffffffff, round, EX_AWAIT_NE),
		  &barrier->round, 4, __ATOMIC_ACQUIRE);
	return 0;
}

/* ---- once ---- */

int pthread_once(pthread_once_t *once, void (*fn)(void))
{
	struct ex_op op = CALL("pthread_once");

	if (word_load(op, once, 4, __ATOMIC_ACQUIRE) == 2)
		return 0;
	if (word_cmpxchg(op, once, 4, 0, 1, __ATOMIC_ACQUIRE)) {
		fn();
		word_store(op, once, 4, 2, __ATOMIC_RELEASE);
	} else {
		word_load(word_await(op, ~0ull, 2, 0), once, 4,
			  __ATOMIC_ACQUIRE);
	}
	return 0;
}

/* ---- semaphores ---- */

int sem_init(sem_t *sem, int shared, unsigned int count)
{
	(void)shared;
	memset(sem, 0, sizeof(*sem));
	*(unsigned int *)(void *)sem = count;
	return 0;
}

int sem_destroy(sem_t *sem)
{
	(void)sem;
	return 0;
}

int sem_wait(sem_t *sem)
{
	word_rmw(word_await(CALL("sem_wait"), ~0ull, 0, EX_AWAIT_NE), sem, 4,
		 EX_FN_SUB, 1, __ATOMIC_ACQUIRE);
	return 0;
}

int sem_trywait(sem_t *sem)
{
	struct ex_op op = CALL("sem_trywait");
	uint64_t v = word_load(op, sem, 4, __ATOMIC_RELAXED);

	while (v) {
		if (word_cmpxchg(op, sem, 4, v, v - 1, __ATOMIC_ACQUIRE))
			return 0;
		v = word_load(op, sem, 4, __ATOMIC_RELAXED);
	}
	errno = EAGAIN;
	return -1;
}

int sem_post(sem_t *sem)
{
	word_rmw(CALL("sem_post"), sem, 4, EX_FN_ADD, 1, __ATOMIC_RELEASE);
	return 0;
}

int sem_getvalue(sem_t *sem, int *value)
{
	*value = (int)word_load(CALL("sem_getvalue"), sem, 4, __ATOMIC_RELAXED);
	return 0;
}

/* ---- keys: of one thread only, hence nothing to be seen ---- */

struct key {
	bool used;
	void (*destroy)(void *);
};

/* Put back together with the program's globals. */
static struct key keys[EX_MAX_KEYS];

int pthread_key_create(pthread_key_t *key, void (*destroy)(void *))
{
	unsigned int i;

	for (i = 0; i < EX_MAX_KEYS; i++) {
		if (keys[i].used)
			continue;
		keys[i].used = true;
		keys[i].destroy = destroy;
		*key = i;
		return 0;
	}
	return EAGAIN;
}

int pthread_key_delete(pthread_key_t key)
{
	if (key >= EX_MAX_KEYS)
		return EINVAL;
	keys[key].used = false;
	return 0;
}

/* Outside an exploration there is one thread, and its keys are in here. */
static struct thread_keys outside_keys;

static struct thread_keys *my_keys(void)
{
	return ex_active() ? &ex_cur->fiber->keys : &outside_keys;
}

void *pthread_getspecific(pthread_key_t key)
{
	struct thread_keys *self = my_keys();

	if (key >= (pthread_key_t)self->nr)
		return NULL;
	return (void *)(uintptr_t)self->value[key];
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
	struct thread_keys *self = my_keys();

	if (key >= EX_MAX_KEYS)
		return EINVAL;
	while (self->nr <= (int)key)
		self->value[self->nr++] = NULL;
	self->value[key] = value;
	return 0;
}

void pthread_run_key_destructors(struct thread_keys *mine)
{
	int i;

	for (i = 0; i < mine->nr; i++) {
		void *value = (void *)(uintptr_t)mine->value[i];

		mine->value[i] = NULL;
		if (value && keys[i].used && keys[i].destroy)
			keys[i].destroy(value);
	}
}

/* ---- waiting, ending ---- */

int sched_yield(void)
{
	ex_relax();
	return 0;
}

int usleep(useconds_t us)
{
	(void)us;
	return sched_yield();
}

unsigned int sleep(unsigned int seconds)
{
	(void)seconds;
	sched_yield();
	return 0;
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)time;
	(void)left;
	return sched_yield();
}

void __assert_fail(const char *expr, const char *file, unsigned int line,
		   const char *function)
{
	ex_die(EX_ASSERTION, "%s:%u: %s: assertion failed: %s", file, line,
	       function, expr);
}

void abort(void)
{
	if (ex_active())
		ex_die(EX_ABORT, "thread %d called abort()", ex_cur->id);
	fflush(NULL);
	_exit(134);
}

void exit(int status)
{
	void (*real)(int) __attribute__((noreturn));

	if (ex_active())
		ex_over();
	*(void **)&real = dlsym(RTLD_NEXT, "exit");
	real(status);
}

void _exit(int status)
{
	void (*real)(int) __attribute__((noreturn));

	if (ex_active())
		ex_over();
	*(void **)&real = dlsym(RTLD_NEXT, "_exit");
	real(status);
}
