/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/*
 * The seam of the explorer: below it the runtime, which runs a program on
 * fibers and stops each at its next visible operation; above it the engines,
 * which decide what runs next and what a load returns.
 *
 *	program        compiled with -fsanitize=thread
 *	  | __tsan_*, pthread_*, malloc, __assert_fail, platform.h
 *	runtime        tsan_entry.c pthread_entry.c heap.c platform_explore.c
 *	               fiber.c reset.c runtime.c; race.c watches plain accesses
 *	  | struct ex_op, ex_run()
 *	engines        engine_dfs.c (reference), engine_dpor.c (sc, tso),
 *	               engine_weak.c (weak), engine_random.c (random, pct)
 *
 * An engine is a loop on the process's own stack that pulls:
 *
 *	ex_begin();                     the program's memory as it was at first
 *	ex_run(ex_thread(0), 0);        thread 0 runs up to its first operation
 *	for (;;) {
 *		pick a thread whose op is enabled; find what it returns;
 *		if it is a create:      ex_spawn(t), ex_run(child, 0)
 *		ex_run(t, result);      t->op is its next operation
 *	}
 *	ex_end();                       leaks, locks still held
 *
 * No callbacks, no second thread of the host. A fiber that is not to go on
 * is just left: ex_begin() starts all over.
 *
 * Memory. Plain accesses go to memory at once, whatever the engine; race.c
 * is told of them, and compares with the clocks that the engine keeps in
 * ex_thread.hb. Visible operations do nothing by themselves: an engine
 * computes what they read and write. sc and tso use the memory itself
 * (ex_mem_read(), ex_mem_write(), with buffers in between for tso). The weak
 * engine takes a location's initial value from memory when it first sees it,
 * keeps all else in its graph, and may write memory for the debugger's sake.
 *
 * Everything of pthreads is made of the few operations below, on words
 * inside the program's own objects: a mutex is a word that is exchanged once
 * it is 0 (EX_AWAIT), so an engine needs to know nothing of locks.
 */
#ifndef PAGESIM_EXPLORE_ENGINE_H
#define PAGESIM_EXPLORE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EX_MAX_THREADS = 16
};

/*
 * A global of the runtime's or of an engine's: all of them are declared so,
 * because .data and .bss are the program's and put back for each execution.
 */
#define EX_STATE __attribute__((section("explore_state")))

#define EX_LIKELY(x) __builtin_expect(!!(x), 1)
#define EX_UNLIKELY(x) __builtin_expect(!!(x), 0)

enum ex_kind {
	EX_NONE,
	EX_LOAD,
	EX_STORE,
	EX_RMW,
	EX_CMPXCHG,
	EX_FENCE, /* order is the fence's; size 0 */
	EX_CREATE, /* arg: function, expected: its argument; result: the id */
	EX_JOIN, /* arg: id; enabled once that thread is at EX_EXIT */
	EX_CHOICE, /* result: any of 0 ... arg - 1 */
	EX_FREE, /* addr, arg: size; has been done when it is seen */
	EX_RCU_LOCK, /* outermost sections only */
	EX_RCU_UNLOCK,
	EX_RCU_SYNC_BEGIN, /* the readers of now are to be waited for */
	EX_RCU_SYNC_END, /* enabled once they have left */
	EX_EXIT, /* the thread has ended; never to be run again */
	EX_OVER, /* exit(): the whole execution ends here; never run */
	EX_FAIL, /* verdict in arg, ex_failure() has the words; never run */
	EX_NR_KINDS,
};

enum ex_fn {
	EX_FN_ADD,
	EX_FN_SUB,
	EX_FN_AND,
	EX_FN_OR,
	EX_FN_XOR,
	EX_FN_NAND,
	EX_FN_XCHG,
};

enum ex_flags {
	/*
	 * Enabled only while (value & await_mask) == await_want, and with
	 * EX_AWAIT_NE only while it differs. LOAD, RMW: the value is the one
	 * that would be read. A load that waits is one that never returns
	 * anything else.
	 */
	EX_AWAIT = 1,
	EX_AWAIT_NE = 2,
	/* RMW whose result nobody sees: commutes with others of its fn. */
	EX_VOID = 4,
	/*
	 * A volatile access: marked, hence no data race with other marked
	 * ones. The program does the access itself when it is run. A load
	 * reads memory, into which ex_run() puts the result before. What a
	 * store writes is in memory after ex_run(), and not in arg.
	 */
	EX_VOLATILE = 8,
	/*
	 * The thread is in the state in which it was before the operation
	 * that it has just done, a load or a failed compare-exchange, and is
	 * about to do it again: the same value leads here for ever. It spins:
	 * let it wait for another value, and forget the operation.
	 */
	EX_AGAIN = 16,
	/*
	 * The same, but around a loop of several operations or at a
	 * cpu_relax(): it waits until one of t->waits[] has another value.
	 */
	EX_SPINS = 32,
	/* Acquires or releases a lock that is called addr; for reports. */
	EX_LOCK = 64,
	EX_UNLOCK = 128,
};

/* What a thread is about to do. Orders are __ATOMIC_RELAXED and its kin. */
struct ex_op {
	uint8_t kind;
	uint8_t order;
	uint8_t fail_order; /* CMPXCHG: of the load, if it fails */
	uint8_t size; /* 1, 2, 4 or 8 */
	uint8_t fn;
	uint8_t flags;
	uint16_t pad;
	void *addr;
	uint64_t arg; /* to be stored, added, exchanged; new value */
	uint64_t expected;
	uint64_t await_mask;
	uint64_t await_want;
	const void *pc; /* where it returns to in the program */
	const char *name; /* of a call such as pthread_mutex_lock, or NULL */
};

struct ex_wait {
	void *addr;
	uint64_t value;
	uint8_t size;
};

enum {
	EX_MAX_WAITS = 16,
	EX_MAX_FRAMES = 64
};

struct ex_thread {
	void *sp; /* the runtime's: of the fiber while it stands still */
	/* ---- what engines use ---- */
	struct ex_op op; /* pending */
	int id; /* 0 is main */
	/*
	 * Happens-before by the language, for race.c: hb[u] is how many
	 * events of thread u come before what this thread does now, and
	 * hb[id] how many it has done. The engine owns it and changes it
	 * between ex_run()s; NULL: no race is looked for.
	 */
	const uint16_t *hb;
	/*
	 * Of a load or compare-exchange at a place where threads were seen to
	 * spin: names the thread's whole state, operation included. EX_AGAIN
	 * with this state and a value holds for ever. 0: no such place.
	 */
	uint64_t state;
	struct ex_wait waits[EX_MAX_WAITS]; /* with EX_SPINS */
	int nr_waits;

	/* ---- the runtime's ---- */
	bool changed; /* plain memory, since its last operation */
	bool looked; /* at plain memory, since its last operation */
	bool stack_shared; /* others access it, at some places */
	char *stack; /* lowest byte that is used */
	size_t stack_size;
	int nr_frames;
	const void *frames[EX_MAX_FRAMES]; /* callers, outermost first */
	struct fiber *fiber; /* everything else */
};

/* ---- the runtime, for engines ---- */

/* The program's memory as after its setup; thread 0 is about to start. */
void ex_begin(void);

/* How many threads were created, and each of them. */
extern struct ex_thread ex_threads[EX_MAX_THREADS];
extern int ex_threads_created;

static inline int ex_nr_threads(void)
{
	return ex_threads_created;
}

static inline struct ex_thread *ex_thread(int id)
{
	return &ex_threads[id];
}

/*
 * Gives t->op its result (that of an RMW and a CMPXCHG is the old value) and
 * runs the thread to its next one. The first call starts it.
 */
void ex_run(struct ex_thread *t, uint64_t result);

/*
 * Makes the thread that t's pending EX_CREATE asks for; its id is the
 * operation's result. Has to be run to get its first operation.
 */
struct ex_thread *ex_spawn(struct ex_thread *t);

/*
 * All threads are at EX_EXIT, or stay where they are because main() is over.
 * Returns false if it is a failure after all: a leak.
 */
bool ex_end(void);

static inline uint64_t ex_mem_read(const void *addr, size_t size)
{
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)addr;
	case 2:
		return *(const volatile uint16_t *)addr;
	case 4:
		return *(const volatile uint32_t *)addr;
	default:
		return *(const volatile uint64_t *)addr;
	}
}

static inline void ex_mem_write(void *addr, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)addr = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)addr = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)addr = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)addr = value;
		break;
	}
}

static inline uint64_t ex_size_mask(size_t size)
{
	return size >= 8 ? ~0ull : (1ull << (8 * size)) - 1;
}

/* What an RMW leaves, given what it found. */
static inline uint64_t ex_rmw_result(const struct ex_op *op, uint64_t old)
{
	uint64_t v = 0;

	switch (op->fn) {
	case EX_FN_ADD:
		v = old + op->arg;
		break;
	case EX_FN_SUB:
		v = old - op->arg;
		break;
	case EX_FN_AND:
		v = old & op->arg;
		break;
	case EX_FN_OR:
		v = old | op->arg;
		break;
	case EX_FN_XOR:
		v = old ^ op->arg;
		break;
	case EX_FN_NAND:
		v = ~(old & op->arg);
		break;
	case EX_FN_XCHG:
		v = op->arg;
		break;
	}
	return v & ex_size_mask(op->size);
}

/* Whether an operation that waits would go on with the value. */
static inline bool ex_await_holds(const struct ex_op *op, uint64_t value)
{
	if (!(op->flags & EX_AWAIT))
		return true;
	return ((value & op->await_mask) == op->await_want) !=
	       !!(op->flags & EX_AWAIT_NE);
}

static inline bool ex_order_acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME ||
	       order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static inline bool ex_order_releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL ||
	       order == __ATOMIC_SEQ_CST;
}

/*
 * Tells race.c of t->op, a LOAD, STORE, RMW or CMPXCHG; write: whether it
 * will write (a CMPXCHG that fails does not). Uses t->hb as it was before
 * the operation. False: it failed. Needed of operations that are only
 * repeated while race_mixed(): some memory is accessed both ways.
 */
bool race_marked(struct ex_thread *t, bool write);
extern bool race_mixed;

/*
 * Counts what was learnt of the program and is needed from an execution's
 * beginning on: places where threads spin, memory that is accessed both
 * plainly and atomically. When it has grown after an execution, an engine
 * starts all over (early on) or repeats that execution.
 */
int ex_lessons(void);

/* ---- verdicts ---- */

enum ex_verdict {
	EX_CLEAN,
	EX_ASSERTION,
	EX_DATA_RACE,
	EX_DEADLOCK,
	EX_LIVELOCK,
	EX_USE_AFTER_FREE,
	EX_DOUBLE_FREE,
	EX_LEAK,
	EX_LOCK_MISUSE,
	EX_ABORT,
	EX_CRASH,
	EX_REPORT, /* of the simulated machine */
	EX_INCOMPLETE, /* a bound was hit, nothing found until then */
	EX_NONDETERMINISM, /* the same choices led elsewhere */
	EX_LIMIT, /* the explorer's own: threads, stack, heap */
	EX_NR_VERDICTS,
};

const char *ex_verdict_name(enum ex_verdict verdict);

/*
 * Something is wrong with this execution. The first one counts. Called by
 * the runtime from the program's side or by an engine; engines look at
 * ex_failed() after each ex_run() and when they find nothing enabled.
 */
void ex_fail(enum ex_verdict verdict, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
enum ex_verdict ex_failed(void); /* EX_CLEAN: no */
const char *ex_failure(void); /* its text, of one or more lines */

/*
 * No thread can go on. If main() is over that is the end. Else it fails:
 * EX_DEADLOCK, or EX_LIVELOCK if all that wait spin, with who waits for what
 * and held by whom. peek says what is in a word; NULL: what is in memory.
 */
void ex_stuck(uint64_t (*peek)(void *addr, size_t size));

/* ---- an execution, as an engine hands it on ---- */

struct ex_step {
	struct ex_op op;
	int thread;
	bool commit; /* tso: a buffered store of the thread reaches memory */
	uint64_t value; /* the operation's result */
	uint64_t wrote; /* what it left in memory, if it writes */
	bool writes;
	int from; /* the step whose value it read, -1: the initial one */
	bool stale; /* not the newest value at that time */
};

/* ---- options and results ---- */

enum ex_model {
	EX_SC,
	EX_TSO,
	EX_WEAK
};
const char *ex_model_name(enum ex_model model);

enum ex_mode {
	EX_EXPLORE,
	EX_RANDOM,
	EX_PCT,
	EX_DFS,
	EX_REPLAY
};

struct ex_options {
	enum ex_model model;
	enum ex_mode mode;
	uint64_t max_execs; /* 0: no bound */
	double max_time; /* seconds, 0: no bound */
	uint64_t seed;
	int pct_depth;
	bool races; /* report data races; off: the hardware's view */
	bool leaks;
	bool shrink; /* what fails, to what is easier to read */
	/*
	 * The program is the kernel's: a seq_cst RMW that succeeds is fully
	 * ordered, an smp_mb() before and after, which in C11 is more.
	 */
	bool kernel;
	/* For tests: engine A walks everything; or forgets some races. */
	bool no_reduction;
	bool plant_wrong_reduction;
	const char *trace; /* file to write, or to replay; or NULL */
	const char *program; /* what is explored, for the file; or NULL */
	bool json;
};

struct ex_result {
	enum ex_verdict verdict;
	uint64_t executions; /* complete ones */
	uint64_t blocked; /* given up because nothing new could follow */
	uint64_t steps; /* operations that were run */
	double seconds;
	const char *bound; /* with EX_INCOMPLETE: "executions", "time" */
	struct ex_step *trace; /* of the failing execution */
	int nr_steps;
	char text[4096]; /* what is wrong with it */
};

extern struct ex_options ex_options;

/*
 * An engine: explores until it is through, a bound is hit or an execution
 * fails. Fills in all of the result but seconds, text and verdict of a
 * failure, which the caller takes from ex_failed() and ex_failure().
 */
typedef void ex_engine(struct ex_result *result);

ex_engine ex_engine_dfs; /* sc; every interleaving: the reference */
ex_engine ex_engine_dpor; /* sc, tso */
ex_engine ex_engine_weak;
ex_engine ex_engine_random;

/*
 * Goes once through the steps that trace_read() gave (trace.h) and fails as
 * that execution did, or with EX_NONDETERMINISM.
 */
void ex_replay_dpor(const struct ex_step *steps, int nr,
		    struct ex_result *result);
void ex_replay_weak(const struct ex_step *steps, int nr,
		    struct ex_result *result);

/*
 * Explores main(), a function of the program's, by the options. State of
 * the process is snapshot first, so setup may have been done before.
 */
void ex_explore(int (*program)(void *arg), void *arg, struct ex_result *result);

/* Whether a bound of the options is hit; sets result->bound. */
bool ex_bound_hit(struct ex_result *result);

/* For a failing execution: room for nr steps, which the engine fills. */
struct ex_step *ex_trace_alloc(struct ex_result *result, int nr);

/* Memory that stays from execution to execution; never fails. */
void *ex_alloc(size_t size);

#endif /* PAGESIM_EXPLORE_ENGINE_H */
