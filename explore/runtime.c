// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Threads of an execution: made, run to their next operation, ended; what
 * is wrong with an execution; memory that outlives it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "switch.h"
#include "trace.h"

struct ex_options ex_options EX_STATE = { .races = true,
					  .leaks = true,
					  .shrink = true };

struct ex_thread ex_threads[EX_MAX_THREADS] EX_STATE = {};
static struct fiber fibers[EX_MAX_THREADS] EX_STATE = {};
int ex_threads_created EX_STATE = 0;
int ex_unjoined EX_STATE = 0;
static int (*program_fn)(void *) EX_STATE = NULL;
static void *program_arg EX_STATE = NULL;

static enum ex_verdict failed EX_STATE = EX_CLEAN;
static char failure[4096] EX_STATE = "";

/* ---- thread-local data of the program ---- */

static char *tls_block EX_STATE = NULL;
size_t ex_tls_size EX_STATE = 0;
static char *tls_image EX_STATE = NULL; /* after the setup */
static const char *tls_first EX_STATE = NULL; /* of a new thread, then zeroes */
static size_t tls_first_size EX_STATE = 0;
static int tls_owner EX_STATE = -1;

/* The fibers share the host thread's block of the executable's variables. */
static int find_tls(struct dl_phdr_info *info, size_t size, void *data)
{
	int i;

	(void)size;
	(void)data;
	for (i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type != PT_TLS)
			continue;
		tls_block = info->dlpi_tls_data;
		tls_first = (const char *)(info->dlpi_addr +
					   info->dlpi_phdr[i].p_vaddr);
		tls_first_size = info->dlpi_phdr[i].p_filesz;
		ex_tls_size = info->dlpi_phdr[i].p_memsz;
	}
	return 1; /* the executable is the first, and all that is asked for */
}

bool ex_is_thread_local(const void *addr)
{
	return (uintptr_t)addr - (uintptr_t)tls_block < ex_tls_size;
}

static void tls_init(void)
{
	dl_iterate_phdr(find_tls, NULL);
	if (!tls_block)
		ex_tls_size = 0;
	if (ex_tls_size) {
		tls_image = ex_alloc(ex_tls_size);
		memcpy(tls_image, tls_block, ex_tls_size);
	}
}

void ex_tls_switch(struct ex_thread *t)
{
	if (tls_owner == t->id)
		return;
	if (tls_owner >= 0)
		memcpy(fibers[tls_owner].tls, tls_block, ex_tls_size);
	memcpy(tls_block, t->fiber->tls, ex_tls_size);
	tls_owner = t->id;
}

static void tls_new(struct fiber *fiber)
{
	if (!fiber->tls)
		fiber->tls = ex_alloc(ex_tls_size);
	if (!fiber->thread->id) {
		/* Goes on as the thread that did the setup. */
		memcpy(fiber->tls, tls_image, ex_tls_size);
		return;
	}
	memcpy(fiber->tls, tls_first, tls_first_size);
	memset((char *)fiber->tls + tls_first_size, 0,
	       ex_tls_size - tls_first_size);
}

/* ---- threads ---- */

static struct ex_thread *new_thread(void *(*start)(void *), void *arg)
{
	struct ex_thread *t = &ex_threads[ex_threads_created];
	struct fiber *fiber = &fibers[ex_threads_created];

	t->id = ex_threads_created++;
	ex_unjoined = t->id ? ex_unjoined + 1 : 0;
	t->fiber = fiber;
	t->op.kind = EX_NONE;
	t->op.flags = 0;
	t->hb = NULL;
	t->changed = false;
	t->looked = false;
	t->state = 0;
	t->nr_waits = 0;
	t->nr_frames = 0;
	fiber->thread = t;
	fiber->start = start;
	fiber->arg = arg;
	fiber->result = NULL;
	fiber->detached = false;
	fiber->joined = false;
	fiber->relaxed = false;
	fiber->nr_reads = 0;
	fiber->at_end = NULL;
	fiber->self_word = NULL;
	fiber->rcu_nesting = 0;
	fiber->time = 0;
	fiber->keys.nr = 0;
	if (EX_UNLIKELY(ex_tls_size))
		tls_new(fiber);
	fiber_prepare(t);
	return t;
}

static void *run_program(void *arg)
{
	(void)arg;
	program_fn(program_arg);
	return NULL;
}

void ex_begin(void)
{
	reset_restore();
	heap_restore();
	race_begin();
	failed = EX_CLEAN;
	ex_threads_created = 0;
	tls_owner = -1;
	new_thread(run_program, NULL);
}

struct ex_thread *ex_spawn(struct ex_thread *t)
{
	return new_thread((void *(*)(void *))(uintptr_t)t->op.arg,
			  (void *)(uintptr_t)t->op.expected);
}

void ex_run(struct ex_thread *t, uint64_t result)
{
	ex_run_inline(t, result);
}

bool ex_end(void)
{
	if (failed == EX_CLEAN && ex_options.leaks)
		heap_check_leaks();
	return failed == EX_CLEAN;
}

void fiber_exit(void *result)
{
	struct fiber *self = ex_cur->fiber;
	struct ex_op op = { .kind = EX_EXIT };

	self->result = result;
	if (self->at_end && self->thread->id)
		self->at_end();
	if (self->keys.nr)
		pthread_run_key_destructors(&self->keys);
	ex_visible(&op);
	abort();
}

void ex_over(void)
{
	struct ex_op op = { .kind = EX_OVER };

	ex_visible(&op);
	abort();
}

/* ---- what is wrong ---- */

static const char *const verdict_names[EX_NR_VERDICTS] = {
	[EX_CLEAN] = "clean",
	[EX_ASSERTION] = "assertion",
	[EX_DATA_RACE] = "data-race",
	[EX_DEADLOCK] = "deadlock",
	[EX_LIVELOCK] = "livelock",
	[EX_USE_AFTER_FREE] = "use-after-free",
	[EX_DOUBLE_FREE] = "double-free",
	[EX_LEAK] = "leak",
	[EX_LOCK_MISUSE] = "lock-misuse",
	[EX_ABORT] = "abort",
	[EX_CRASH] = "crash",
	[EX_REPORT] = "report",
	[EX_INCOMPLETE] = "incomplete",
	[EX_NONDETERMINISM] = "nondeterminism",
	[EX_LIMIT] = "limit",
};

const char *ex_verdict_name(enum ex_verdict verdict)
{
	return verdict_names[verdict];
}

/* For debuggers to stop at, on the stack of the thread that failed. */
__attribute__((noinline)) void pagesim_explore_failed(void);
void pagesim_explore_failed(void)
{
	__asm__ volatile("");
}

static void note_failure(enum ex_verdict verdict, const char *fmt, va_list args)
{
	if (failed != EX_CLEAN)
		return;
	failed = verdict;
	vsnprintf(failure, sizeof(failure), fmt, args);
	pagesim_explore_failed();
}

void ex_fail(enum ex_verdict verdict, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	note_failure(verdict, fmt, args);
	va_end(args);
}

void ex_die(enum ex_verdict verdict, const char *fmt, ...)
{
	struct ex_op op = { .kind = EX_FAIL, .arg = verdict };
	va_list args;

	op.pc = __builtin_return_address(0);
	va_start(args, fmt);
	note_failure(verdict, fmt, args);
	va_end(args);
	if (!ex_active()) {
		fprintf(stderr, "explore: %s: %s\n", ex_verdict_name(verdict),
			failure);
		_exit(1);
	}
	ex_visible(&op);
	abort();
}

void ex_leave(void)
{
	struct ex_op op = { .kind = EX_FAIL, .arg = failed };

	op.pc = __builtin_return_address(0);
	ex_visible(&op);
	abort();
}

enum ex_verdict ex_failed(void)
{
	return failed;
}

const char *ex_failure(void)
{
	return failure;
}

/* ---- memory that stays ---- */

void *ex_alloc(size_t size)
{
	static char *chunk EX_STATE = NULL;
	static size_t left EX_STATE = 0;
	size_t want = (size + 63) & ~(size_t)63;
	void *p;

	if (want > left) {
		size_t room = want > (64 << 10) ? want : 64 << 10;

		chunk = mmap(NULL, room, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			     0);
		if (chunk == MAP_FAILED) {
			fprintf(stderr, "explore: no memory: %s\n",
				strerror(errno));
			_exit(2);
		}
		left = room;
	}
	p = chunk;
	chunk += want;
	left -= want;
	return p;
}

/* ---- an exploration ---- */

extern const char __executable_start[], __etext[];

bool ex_is_program(const void *pc)
{
	return (const char *)pc >= __executable_start &&
	       (const char *)pc < __etext;
}

static void replay(struct ex_result *result)
{
	struct ex_step *steps;
	int nr;

	steps = trace_read(ex_options.trace, &nr, &ex_options.model);
	if (!steps)
		_exit(2);
	if (ex_options.model == EX_WEAK)
		ex_replay_weak(steps, nr, result);
	else
		ex_replay_dpor(steps, nr, result);
}

static ex_engine *choose_engine(void)
{
	switch (ex_options.mode) {
	case EX_REPLAY:
		return replay;
	case EX_RANDOM:
	case EX_PCT:
		return ex_engine_random;
	case EX_DFS:
		ex_options.no_reduction = true;
		return ex_options.model == EX_TSO ? ex_engine_dpor
						  : ex_engine_dfs;
	default:
		break;
	}
	return ex_options.model == EX_WEAK ? ex_engine_weak : ex_engine_dpor;
}

static double start_time EX_STATE = 0;

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool ex_bound_hit(struct ex_result *result)
{
	static uint64_t calls EX_STATE = 0;
	uint64_t done = result->executions + result->blocked;

	if (ex_options.max_execs && done >= ex_options.max_execs)
		result->bound = "executions";
	else if (ex_options.max_time > 0 && (++calls & 255) == 0 &&
		 seconds_now() - start_time >= ex_options.max_time)
		result->bound = "time";
	return result->bound != NULL;
}

struct ex_step *ex_trace_alloc(struct ex_result *result, int nr)
{
	result->trace = ex_alloc(sizeof(*result->trace) * (size_t)(nr + 1));
	memset(result->trace, 0, sizeof(*result->trace) * (size_t)nr);
	result->nr_steps = nr;
	return result->trace;
}

void ex_explore(int (*program)(void *arg), void *arg, struct ex_result *result)
{
	struct ex_thread *outside = ex_cur;

	memset(result, 0, sizeof(*result));
	program_fn = program;
	program_arg = arg;
	start_time = seconds_now();
	tls_init();
	crash_watch();
	heap_snapshot();
	reset_snapshot();
	choose_engine()(result);
	ex_cur = outside;
	ex_engine_sp = NULL;
	/* What comes now sees the memory as it was. */
	reset_restore();
	heap_restore();
	if (ex_tls_size)
		memcpy(tls_block, tls_image, ex_tls_size);
	result->seconds = seconds_now() - start_time;
	if (failed != EX_CLEAN) {
		result->verdict = failed;
		snprintf(result->text, sizeof(result->text), "%s", failure);
	} else {
		result->verdict = result->bound ? EX_INCOMPLETE : EX_CLEAN;
	}
}
