/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/* What the parts of engine A share: events, and the machine they run on. */
#ifndef PAGESIM_EXPLORE_DPOR_H
#define PAGESIM_EXPLORE_DPOR_H

#include "clock.h"
#include "engine.h"

/*
 * Who does an event: a thread, or the store buffer of a thread, which is a
 * pseudo-thread of its own that moves the oldest store to memory.
 */
enum {
	MAX_PROCS = 2 * EX_MAX_THREADS,
	MAX_EVENTS = CLOCK_MAX - 2
};

static inline bool is_buffer(int proc)
{
	return proc >= EX_MAX_THREADS;
}

static inline int thread_of(int proc)
{
	return proc & (EX_MAX_THREADS - 1);
}

static inline int buffer_of(int thread)
{
	return thread + EX_MAX_THREADS;
}

/* How an event touches its location; equal commuting ones are a group. */
enum access_class {
	ACCESS_NONE, /* commutes with everything: done as soon as it can be */
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_VOID, /* + enum ex_fn: RMWs without result */
};

static inline bool classes_commute(int a, int b)
{
	return a == ACCESS_NONE || b == ACCESS_NONE ||
	       (a == b && a != ACCESS_WRITE);
}

/* An event, and the state of the search before it. */
struct event {
	struct wide_clock order; /* events that this one depends on */
	struct clock hb; /* happens-before by the language, of the thread */
	struct clock acquirable; /* by an acquire fence: from relaxed loads */
	struct clock released; /* by whoever reads what this writes */

	struct ex_op op;
	uint64_t old; /* what was in memory */
	uint64_t wrote;
	uint64_t result;
	uint64_t state; /* ex_thread.state */

	int location;
	int before_there; /* the event before it at its location, 0: none */
	int group; /* the first of the commuting ones that it is one of */
	int before_of_proc;
	int write; /* the last event that wrote the location, self included */
	int fence; /* the thread's last release fence, 0: none */
	int stored; /* of a buffer: the event of the store */
	int from; /* that wrote what this reads, 0: the initial value */

	uint32_t backtrack; /* procs to be run at this state */
	uint32_t sleep; /* procs whose running here would show nothing new */
	uint16_t index; /* among those of its proc */
	uint8_t proc;
	uint8_t access;
	bool writes;
	bool drained; /* tso: the thread's buffer had to be empty for it */
	uint16_t choice; /* EX_CHOICE: what was chosen */
};

/* ---- dpor_machine.c: what operations do under sc and tso ---- */

/* What a thread is about to do. */
struct pending {
	int location;
	uint8_t access; /* of a compare-exchange: once upon a time */
};

struct machine {
	struct event *events; /* from 1; 0 is the beginning of all */
	int nr; /* events done */
	int last[MAX_PROCS]; /* the last event of each proc */
	int *last_at; /* the last event at each location */
	int spins_since[EX_MAX_THREADS]; /* EX_SPINS: the event before */
	bool over; /* exit(), or something is wrong */
	uint32_t sure; /* threads that can go on */
	uint32_t unsure; /* that may have to wait */
	uint32_t eager; /* whose operation commutes with all */
	struct pending pending[EX_MAX_THREADS];
};

extern struct machine machine;

/* A new exploration: forgets all that was learnt of another program. */
void machine_forget(void);

/* Forgets all events. */
void machine_init(void);

/* To the program's beginning and through the events that are there. */
void machine_repeat(void);

/* The procs whose next operation can be done now. */
uint32_t machine_enabled(void);

/* How the proc's next operation would touch which location. */
int machine_access(int proc, int *location);

/*
 * Does the proc's next operation and appends it as an event, with order
 * being that of its proc's past alone. Returns NULL if it changed nothing,
 * as the thread spins. choice: what an EX_CHOICE results in.
 */
struct event *machine_step(int proc, int choice);

/* Takes back the last event, from the records only. */
void machine_undo(void);

/*
 * Whether the event's operation, had it found another value in memory, would
 * have been possible.
 */
bool machine_possible(const struct event *e, uint64_t value);

/* ---- dpor_clock.c ---- */

/* How many events the proc did. */
int dpor_count_of(int proc);

/* order, without what is at its location; hb of an event with that number. */
void dpor_order_begin(struct event *e);
void dpor_hb_begin(struct event *e, int number);

/* ---- shrink.c ---- */

/* Replaces the events, which failed, by fewer that fail in the same way. */
void dpor_shrink(void);

/* ---- engine_dpor.c ---- */

/* The events as the failing execution. */
void dpor_fill_trace(struct ex_result *result);

#endif /* PAGESIM_EXPLORE_DPOR_H */
