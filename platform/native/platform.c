// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * The platform on a Linux host: pthreads, futexes, the monotonic clock and
 * mmap().
 */
#define _GNU_SOURCE /* dladdr() */
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "platform.h"

struct native_thread {
	pthread_t pthread;
	void (*fn)(void *);
	void *arg;
};

static void *native_thread_main(void *data)
{
	struct native_thread *self = data;

	self->fn(self->arg);
	return NULL;
}

int platform_thread_create(struct platform_thread *thread, void (*fn)(void *),
			   void *arg)
{
	struct native_thread *native = malloc(sizeof(*native));
	int err;

	if (!native)
		return -ENOMEM;
	native->fn = fn;
	native->arg = arg;
	err = pthread_create(&native->pthread, NULL, native_thread_main,
			     native);
	if (err) {
		free(native);
		return -err;
	}
	thread->handle = native;
	return 0;
}

void platform_thread_join(struct platform_thread *thread)
{
	struct native_thread *native = thread->handle;

	pthread_join(native->pthread, NULL);
	free(native);
	thread->handle = NULL;
}

void platform_park(uint32_t *word, uint32_t expected)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void platform_unpark(uint32_t *word, int nr)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, nr, NULL, NULL, 0);
}

static pthread_once_t membarrier_once = PTHREAD_ONCE_INIT;
static bool has_membarrier;

static void register_membarrier(void)
{
	has_membarrier = !syscall(SYS_membarrier,
				  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0,
				  0);
}

bool platform_membarrier(void)
{
	pthread_once(&membarrier_once, register_membarrier);
	return has_membarrier &&
	       !syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

_Thread_local void *platform_self_word;

static pthread_key_t end_key;
static pthread_once_t end_key_once = PTHREAD_ONCE_INIT;

struct thread_end {
	void (*fn)(void);
};

static _Thread_local struct thread_end thread_end;

static void call_thread_end(void *end)
{
	((struct thread_end *)end)->fn();
}

static void make_end_key(void)
{
	pthread_key_create(&end_key, call_thread_end);
}

void platform_at_thread_end(void (*fn)(void))
{
	thread_end.fn = fn;
	pthread_once(&end_key_once, make_end_key);
	pthread_setspecific(end_key, &thread_end);
}

void platform_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

void platform_yield(void)
{
	sched_yield();
}

uint64_t platform_time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void *platform_reserve(size_t size, size_t align)
{
	char *raw, *base;
	size_t head, tail;

	raw = mmap(NULL, size + align, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (raw == MAP_FAILED)
		return NULL;
	base = (char *)(((uintptr_t)raw + align - 1) & ~(uintptr_t)(align - 1));
	head = (size_t)(base - raw);
	tail = align - head;
	if (head)
		munmap(raw, head);
	if (tail)
		munmap(base + size, tail);
	return base;
}

void platform_release(void *base, size_t size)
{
	munmap(base, size);
}

void platform_advise_huge(void *base, size_t size, bool dense)
{
	madvise(base, size, dense ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

/* The file's name without its folder. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void platform_code_name(char *text, size_t size, const void *code)
{
	const char *name;
	const void *start;
	Dl_info info;

	if (!code || !dladdr(code, &info)) {
		snprintf(text, size, "unknown");
		return;
	}
	name = info.dli_sname ? info.dli_sname : base_name(info.dli_fname);
	start = info.dli_sname ? info.dli_saddr : info.dli_fbase;
	snprintf(text, size, "%s+0x%lx", name,
		 (unsigned long)code - (unsigned long)start);
}
