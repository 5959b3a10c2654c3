/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/* What the sources of the weak-memory engine share; see engine_weak.c. */
#ifndef PAGESIM_EXPLORE_ENGINE_WEAK_H
#define PAGESIM_EXPLORE_ENGINE_WEAK_H

#include <string.h>

#include "clock.h"
#include "engine.h"

/* ---- events ---- */

enum {
	NONE = -1, /* no event; as a store: the location's initial value */
	SPIN_FIRST = -2,
};

enum event_traits {
	E_READ = 1,
	E_WRITE = 2,
	E_RMW = 4, /* with E_READ: its write follows; with E_WRITE: it is that */
	E_BLOCKED = 8, /* an awaiting read of a value that does not end it */
	E_ACQUIRES = 16, /* as an access */
	E_RELEASES = 32,
	E_FENCE_ACQ = 64, /* as a fence, before it */
	E_FENCE_REL = 128, /* as a fence, after it */
	E_SC = 256, /* a seq_cst access */
	E_SC_FENCE = 512, /* a seq_cst fence, or as strong as one */
	E_FULL = 1024, /* part of a fully ordered RMW */
	E_VOID = 2048, /* a write that does not show what it found */
	E_PLAIN = 4096, /* a plain write, noticed by who came next */
};

/*
 * An operation that was done; an RMW that writes is two of them, the read
 * and the write. Other events are named by their index in the graph.
 */
struct event {
	struct clock hb; /* happens before it, or is it */
	struct clock porf; /* the same by (po u rf)+ */
	/*
	 * Of a write: before who acquires from it. Of the end of a grace
	 * period: the end of a section of each thread it waited for, or 0.
	 * Of the read of a lock: before what is written with it.
	 */
	struct clock rel;
	uint64_t rval, wval;
	uint32_t stamp; /* when it was added; an older read may change its rf */
	uint32_t rank; /* of a write: place in the modification order */
	uint16_t traits;
	uint16_t loc;
	uint16_t idx; /* in its thread, from 1 */
	uint8_t thread;
	uint8_t child; /* of a create */
	int rf; /* of a read: the write, or NONE for the initial value */
	int po_prev;
	int rel_fence; /* last release fence of the thread before it */
	int rel_lock; /* last lock that the thread took before it */
	int loc_prev; /* access to the location before it in the array */
	int mo_prev, mo_next;
	uint64_t state; /* ex_thread.state before it */
	struct ex_op op;
};

/* ---- the graph ---- */

struct mo_list {
	int first, last; /* writes, without the initial one */
	int last_access;
};

struct thread_state {
	int last; /* its last event */
	int creator;
	uint16_t count;
};

/*
 * Events lie in an order that agrees with po and rf, in which they can be
 * run again. by_stamp has them in the order in which they were added.
 */
struct graph {
	struct event *ev;
	int *by_stamp;
	int n, room;
	struct mo_list *mo;
	int nr_locs, loc_room;
	struct thread_state threads[EX_MAX_THREADS];
	uint32_t next_stamp;
	int nr_sc; /* event_is_ordered() */
	int nr_sections; /* of RCU, begun */
	int nr_syncs; /* grace periods, over */
	int first_item; /* work items from here on are this graph's */
};

static inline bool before(const struct clock *clock, const struct event *e)
{
	return clock->of[e->thread] >= e->idx;
}

static inline uint32_t rank_of(const struct graph *g, int write)
{
	return write == NONE ? 0 : g->ev[write].rank;
}

/* Place of an access in the coherence order: its write's, reads after it. */
static inline uint32_t coherence_key(const struct graph *g,
				     const struct event *e)
{
	return e->traits & E_WRITE ? 2 * e->rank : 2 * rank_of(g, e->rf) + 1;
}

static inline int mo_next(const struct graph *g, uint16_t loc, int write)
{
	return write == NONE ? g->mo[loc].first : g->ev[write].mo_next;
}

/* The write of an RMW that reads the write, or NONE. */
static inline int taker(const struct graph *g, uint16_t loc, int write)
{
	int next = mo_next(g, loc, write);

	return next != NONE && (g->ev[next].traits & E_RMW) &&
			       g->ev[next].rf == write
		       ? next
		       : NONE;
}

/* The program's location of an access; made when it is first seen. */
struct location {
	void *addr;
	uint64_t init;
	uint32_t run; /* execution in which init was taken */
	uint8_t size;
	bool mixed; /* void RMWs are not alone, and ordinary ones */
	bool wide; /* 8 bytes, of which accesses are parts */
	int in_memory; /* the write whose value memory has */
};

/* Whether it is of interest to weak_consistent(). */
static inline bool event_is_ordered(const struct event *e)
{
	return (e->traits & (E_SC | E_SC_FENCE)) || e->op.kind == EX_RCU_LOCK;
}

/* Whether it joins what the thread read before: graph_join_earlier(). */
static inline bool event_joins_earlier(const struct event *e)
{
	return (e->traits & E_FENCE_ACQ) ||
	       ((e->op.flags & EX_LOCK) && (e->traits & E_READ));
}

/* ---- engine_weak_graph.c ---- */

extern struct location *weak_locs;

/* How many locations were found to be mixed; whether there are void RMWs. */
extern int weak_lessons;
extern bool weak_voids;

/* Counts executions; the initial values are those of this one. */
extern uint32_t weak_run;

uint16_t weak_location(const struct ex_op *op);
static inline uint64_t weak_value(const struct graph *g, uint16_t loc,
				  int write)
{
	return write == NONE ? weak_locs[loc].init : g->ev[write].wval;
}

static inline unsigned int location_shift(const struct ex_op *op, uint16_t loc)
{
	return 8 *
	       (unsigned int)((char *)op->addr - (char *)weak_locs[loc].addr);
}

/* Of the location's value that which the operation accesses. */
static inline uint64_t location_part(const struct ex_op *op, uint16_t loc,
				     uint64_t value)
{
	if (EX_LIKELY(!weak_locs[loc].wide))
		return value;
	return value >> location_shift(op, loc) & ex_size_mask(op->size);
}

/* The location's value with that part of it changed. */
static inline uint64_t location_whole(const struct ex_op *op, uint16_t loc,
				      uint64_t value, uint64_t part)
{
	uint64_t mask;

	if (EX_LIKELY(!weak_locs[loc].wide))
		return part;
	mask = ex_size_mask(op->size) << location_shift(op, loc);
	return (value & ~mask) | (part << location_shift(op, loc) & mask);
}

void graph_clear(struct graph *g);
/* Appends e, whose thread, traits, op, loc, rf and values are set. */
struct event *graph_append(struct graph *g, const struct event *e);
/* Has the location, if perhaps not an access to it. */
void graph_see_location(struct graph *g, uint16_t loc);
/*
 * What e adds to the clock besides its own read: an acquire fence of the
 * reads since the last one, a lock of those before the last unlock.
 */
void graph_join_earlier(const struct graph *g, const struct event *e,
			struct clock *clock);
/* Puts the write behind another one, or NONE, in its modification order. */
void graph_place(struct graph *g, int write, int after);
/* Takes away all events from the index n on. */
void graph_truncate(struct graph *g, int n);
/*
 * to becomes: what is in g before the read in stamps or in the prefix, then
 * the write behind after, then the read, which reads the write.
 */
void graph_revisit(struct graph *to, const struct graph *g,
		   const struct event *write, const struct clock *prefix,
		   int read, int after);
/* Sets what follows from the value that is read: rval, traits. */
void event_set_read(const struct graph *g, struct event *e, int rf);
/* What the thread is about to do; what it reads is still to be set. */
void event_init(struct event *e, const struct ex_thread *t);
/* What of an RMW's read makes its write. */
void event_init_rmw_write(const struct graph *g, struct event *e,
			  const struct event *read);
/* hb before the next event of the thread. */
const struct clock *graph_thread_hb(const struct graph *g, int thread);
const struct clock *graph_thread_porf(const struct graph *g, int thread);
extern const struct clock weak_zero_clock;

/* The same before an event that is there. */
static inline const struct clock *graph_hb_before(const struct graph *g,
						  const struct event *e)
{
	int creator = g->threads[e->thread].creator;

	if (e->po_prev != NONE)
		return &g->ev[e->po_prev].hb;
	return creator != NONE ? &g->ev[creator].hb : &weak_zero_clock;
}

/* ---- engine_weak_check.c ---- */

/* The axioms that coherence leaves: psc, and RCU's counting rule. */
bool weak_consistent(const struct graph *g);
/*
 * Whether the grace period that the thread has begun must wait for a section
 * that is open. If not, ends has the ends of those that it waited for.
 */
bool weak_sync_waits(const struct graph *g, int thread, struct clock *ends);

/* ---- engine_weak_choice.c ---- */

/* A place in the search that is still to be visited. */
struct item {
	bool revisit;
	int n; /* of the graph's events that stay */
	int read; /* of a revisit */
	int after; /* where a write goes */
	struct clock prefix; /* of a revisit: what stays in any case */
	struct event event; /* to be added */
};

extern struct item *weak_items;
extern int weak_nr_items;

/* Adds the thread's next event as one of its choices, makes items of all
 * others.
 */
void weak_add_read(struct graph *g, struct event *e);
void weak_add_write(struct graph *g, struct event *e);
void weak_add_choice(struct graph *g, struct event *e);
/* Void RMWs have none. */
void weak_add_void(struct graph *g, struct event *e);
/*
 * Whether void RMWs and other accesses to the location are still ordered
 * with e. If not, all has to be done again, knowing that.
 */
bool weak_keeps_apart(const struct graph *g, const struct event *e);
/*
 * Adds the write of the RMW whose read is the thread's last event. False:
 * it cannot be, but there may be items.
 */
bool weak_complete_rmw(struct graph *g, int read);
/* Whether a read that awaits has anything to read, old values included. */
bool weak_await_ready(const struct graph *g, const struct ex_thread *t);
/*
 * Of a read at a place where threads spin: the next write, from the newest
 * on, that it may read and that is not known to lead back to it. *write is
 * SPIN_FIRST at first. False: there is none.
 */
bool weak_spin_next(const struct graph *g, struct event *e, int *write);
/* Makes items of all that the spinning e may read instead of the write. */
void weak_spin_others(const struct graph *g, const struct event *e, int n,
		      int write);
/* The state and the value lead back to the state. */
void weak_spin_learn(uint64_t state, uint64_t value);
bool weak_spin_known(uint64_t state, uint64_t value);

/* ---- engine_weak_run.c ---- */

/* The program up to its first operation; false: something is wrong. */
bool weak_start(void);
/* Whether the thread goes on after the event: not at an RMW's read. */
bool weak_is_run(const struct event *e);
/* Gives the event's thread its result; false: something is wrong. */
bool weak_run_event(struct graph *g, int at);
/* Runs the program to where the graph ends; false: something is wrong. */
bool weak_replay(struct graph *g);
/* Adds a plain write to where the event is, if there was one. */
void weak_see_plain_write(struct graph *g, const struct event *at);
/* Does the volatile store and adds it; false: something is wrong. */
bool weak_store_volatile(struct graph *g, struct ex_thread *t, struct event *e);

/* ---- engine_weak.c ---- */

extern struct ex_result *weak_result;

/* An empty graph. */
struct graph *weak_first_graph(struct ex_result *result);
/* The graph is a whole execution: fails if that is what it does. */
void weak_end(struct graph *g);

/* ---- engine_weak_trace.c ---- */

/* Makes the graph the result's trace. */
void weak_hand_on(const struct graph *g, struct ex_result *result);

/* ---- for its test ---- */

/* Mistakes that the test must find; built in with WEAK_TEST only. */
enum weak_bug {
	WEAK_BUG_NONE,
	WEAK_BUG_ANY_DELETED, /* what a revisit takes away need not be maximal */
	WEAK_BUG_NO_REVISIT, /* of reads that an RMW's write changes */
	WEAK_BUG_LAST_ONLY, /* a write is always the newest */
	WEAK_BUG_NO_PSC,
	WEAK_BUG_STALE, /* a read may be older than what happens before it */
	WEAK_BUGS
};

#ifdef WEAK_TEST
extern int weak_bug;
#define WEAK_BUG(bug) (weak_bug == (bug))
#else
#define WEAK_BUG(bug) false
#endif

#endif /* PAGESIM_EXPLORE_ENGINE_WEAK_H */
