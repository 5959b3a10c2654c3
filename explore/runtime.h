/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/* What the sources of the explorer's runtime share; engines need engine.h. */
#ifndef PAGESIM_EXPLORE_RUNTIME_H
#define PAGESIM_EXPLORE_RUNTIME_H

#include "engine.h"

enum {
	EX_MAX_KEYS = 32
};

/* A read since the thread last changed anything: where spinning shows. */
struct spin_read {
	const void *pc;
	uint64_t state; /* hash of the thread's state before it, 0: not taken */
	struct ex_wait read;
};

/* Values of pthread_setspecific(); those from nr on are not set. */
struct thread_keys {
	int nr;
	const void *value[EX_MAX_KEYS];
};

/* The part of a thread that engines do not see. */
struct fiber {
	struct ex_thread *thread;
	void *(*start)(void *);
	void *arg;
	void *result; /* of start, or of pthread_exit() */
	bool detached;
	bool joined;
	bool relaxed; /* said that it waits, since its last operation */
	int nr_reads;
	struct spin_read reads[EX_MAX_WAITS];
	struct thread_keys keys;
	void *self_word; /* platform_self() */
	void (*at_end)(void);
	int rcu_nesting;
	uint64_t time; /* platform_time_ns() */
	void *tls; /* the program's thread-local data while it does not run */
};

/* ---- fiber.c ---- */

/*
 * The thread that runs; outside an exploration one that stands for the
 * process, with no stack and no clock.
 */
extern struct ex_thread *ex_cur;

/* The engine's stack while a fiber runs; NULL outside an exploration. */
extern void *ex_engine_sp;

static inline bool ex_active(void)
{
	return ex_engine_sp != NULL;
}

/* Gives the thread a stack on which it will start. */
void fiber_prepare(struct ex_thread *t);

/*
 * From the program's side: stops at the operation and returns its result.
 * Outside an exploration it is done at once.
 */
uint64_t ex_visible(const struct ex_op *op);
uint64_t ex_visible_outside(const struct ex_op *op);

/* Which thread's stack the address is in, or NULL. */
struct ex_thread *fiber_of_stack(const void *addr);

/* ---- runtime.c ---- */

/* The thread has ended: runs destructors, never returns. */
void fiber_exit(void *result) __attribute__((noreturn));

/* Fails the execution and leaves the fiber for good. */
void ex_die(enum ex_verdict verdict, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* Leaves the fiber for good: ex_fail() was called. */
void ex_leave(void);

/* The whole execution is over, as by exit(). */
void ex_over(void) __attribute__((noreturn));

/* For keys: called when a thread ends. pthread_entry.c. */
void pthread_run_key_destructors(struct thread_keys *mine);

/* The program's thread-local data: as much, and the thread's own put there. */
extern size_t ex_tls_size;
void ex_tls_switch(struct ex_thread *t);

/* Whether it is the running thread's copy of a thread-local variable. */
bool ex_is_thread_local(const void *addr);

/* The running thread says that it waits for something (cpu_relax()). */
static inline void ex_relax(void)
{
	if (ex_active())
		ex_cur->fiber->relaxed = true;
}

/* Whether the code at pc is the program's, not a shared library's. */
bool ex_is_program(const void *pc);

/*
 * Threads that thread 0 has not joined by itself, at most. With none it is
 * alone: what it does comes after all that was done, before all to come.
 */
extern int ex_unjoined;

/* The running thread has joined another one. */
static inline void ex_joined(void)
{
	ex_unjoined -= ex_cur->id == 0;
}

/* ---- spin.c ---- */

/* t->op was done with the result. */
void spin_done(struct ex_thread *t, uint64_t result);
/* t->op is new: sets EX_AGAIN or EX_SPINS. */
void spin_arrive(struct ex_thread *t);
/* How many places were found to spin, so far. */
int spin_nr_sites(void);
/* The thread changed memory, or is about to. */
static inline void spin_changed(struct ex_thread *t)
{
	t->changed = true;
}

/* ---- reset.c ---- */

/* Takes the memory [start, end) into what is put back. */
void reset_add(void *start, void *end);
/* The same in the midst of an execution; it is as it was at its beginning. */
void reset_add_now(void *start, void *end);
/* The program's .data and .bss, and its setup's heap. */
void reset_snapshot(void);
void reset_restore(void);
/* A write to a read-only page: whether it was one of ours, and may go on. */
bool reset_write_fault(char *addr);

/* ---- crash.c ---- */

/* From now on faults of the program are findings. */
void crash_watch(void);

/* ---- heap.c ---- */

void heap_snapshot(void);
void heap_restore(void);
bool heap_check_leaks(void);
bool heap_describe(const void *addr, char *text, size_t room);

/* ---- race.c ---- */

enum {
	RACE_READ = 0,
	RACE_WRITE = 1
};

void race_begin(void);
void race_plain(struct ex_thread *t, const void *addr, size_t size, bool write,
		const void *pc);
void race_free(struct ex_thread *t, const void *addr, size_t size,
	       const void *pc);
/* Memory that was freed is in use again. */
void race_reuse(const void *addr, size_t size);
bool race_on_shared_stack(const void *addr);
void race_share_stack(struct ex_thread *owner, const void *addr);

/* ---- place.c ---- */

/* "name at file:line" of code. */
void ex_place(const void *pc, char *text, size_t room);
/* Asks for many at once, which is faster. */
void ex_places(const void *const *pcs, int nr);
/* What lies at an address of data: "count+4", or a heap object. */
void ex_object(const void *addr, char *text, size_t room);

#endif /* PAGESIM_EXPLORE_RUNTIME_H */
