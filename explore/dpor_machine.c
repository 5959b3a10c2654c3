// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Engine A's machine: memory, store buffers, grace periods.
 *
 * sc: an operation takes effect when it is done. tso: a store goes into its
 * thread's buffer, and a pseudo-thread moves the oldest one to memory; loads
 * look into the own buffer first; RMWs, sequentially consistent stores and
 * fences, and starting a thread wait until it is empty. A volatile store is
 * done by the program itself and hence unbuffered.
 */
#include <string.h>

#include "dpor.h"
#include "location.h"
#include "switch.h"

enum {
	MAX_BUFFERED = 64,
	MEMO_ROOM = 1 << 16
};

struct machine machine EX_STATE = {};

struct buffer {
	int stores[MAX_BUFFERED]; /* events */
	unsigned int head, tail;
};

static struct buffer buffers[EX_MAX_THREADS] EX_STATE = {};
static uint32_t rcu_readers EX_STATE = 0;
static uint32_t rcu_waits[EX_MAX_THREADS] EX_STATE = {};
static uint64_t rcu_word EX_STATE = 0; /* only its location counts */
static bool tso EX_STATE = false;

/* ---- states in which a value leads nowhere ---- */

static uint64_t *memo EX_STATE = NULL;
static int memo_used EX_STATE = 0;

static uint64_t memo_key(uint64_t state, uint64_t value)
{
	return ((state ^ value) * 0x9e3779b97f4a7c15u) | 1;
}

static uint64_t *memo_slot(uint64_t key)
{
	size_t slot = (size_t)(key >> 40);

	for (;; slot++) {
		slot &= MEMO_ROOM - 1;
		if (memo[slot] == key || !memo[slot])
			return &memo[slot];
	}
}

static void memo_add(uint64_t state, uint64_t value)
{
	uint64_t *slot = memo_slot(memo_key(state, value));

	if (*slot)
		return;
	if (memo_used == MEMO_ROOM / 2) {
		memset(memo, 0, sizeof(*memo) * MEMO_ROOM);
		memo_used = 0;
		slot = memo_slot(memo_key(state, value));
	}
	*slot = memo_key(state, value);
	memo_used++;
}

static bool memo_has(uint64_t state, uint64_t value)
{
	return *memo_slot(memo_key(state, value)) != 0;
}

/* ---- store buffers ---- */

static inline bool buffer_empty(int thread)
{
	return buffers[thread].head == buffers[thread].tail;
}

static struct event *buffer_oldest(int thread)
{
	struct buffer *b = &buffers[thread];

	return &machine.events[b->stores[b->head % MAX_BUFFERED]];
}

static void buffer_push(int thread, int event)
{
	struct buffer *b = &buffers[thread];

	b->stores[b->tail++ % MAX_BUFFERED] = event;
}

/* The newest buffered store to the bytes, or NULL. */
static struct event *buffer_find(int thread, const void *addr, size_t size,
				 bool *partly)
{
	struct buffer *b = &buffers[thread];
	unsigned int i;

	*partly = false;
	for (i = b->tail; i != b->head; i--) {
		struct event *e =
			&machine.events[b->stores[(i - 1) % MAX_BUFFERED]];

		if (e->op.addr == addr && e->op.size == size)
			return e;
		if ((char *)e->op.addr < (const char *)addr + size &&
		    (const char *)addr < (char *)e->op.addr + e->op.size) {
			*partly = true;
			return e;
		}
	}
	return NULL;
}

static inline bool is_buffered(const struct ex_op *op)
{
	return tso && op->kind == EX_STORE && op->order != __ATOMIC_SEQ_CST &&
	       !(op->flags & EX_VOLATILE);
}

static inline bool needs_empty_buffer(const struct ex_op *op)
{
	switch (op->kind) {
	case EX_RMW:
	case EX_CMPXCHG:
	case EX_CREATE:
	case EX_RCU_LOCK:
	case EX_RCU_UNLOCK:
	case EX_RCU_SYNC_BEGIN:
	case EX_RCU_SYNC_END:
		return true;
	case EX_STORE:
		return !is_buffered(op);
	case EX_FENCE:
		return op->order == __ATOMIC_SEQ_CST;
	default:
		return false;
	}
}

/* ---- what can be done ---- */

/* What a load of the thread's would return now. */
static uint64_t value_for(int thread, void *addr, size_t size)
{
	struct event *mine = NULL;
	bool partly;

	if (tso)
		mine = buffer_find(thread, addr, size, &partly);
	return mine ? mine->wrote : ex_mem_read(addr, size);
}

/*
 * Whether a thread that waits for a change of what it read can go on: there
 * is another value, or it was written, as plain memory may have been before.
 */
static bool changed_since(struct ex_thread *t, int event)
{
	const struct ex_wait *wait;
	int i, last;

	for (i = 0; i < t->nr_waits; i++) {
		wait = &t->waits[i];
		last = machine.last_at[location_of(wait->addr, wait->size)];
		if (machine.events[last].write > event ||
		    value_for(t->id, wait->addr, wait->size) != wait->value)
			return true;
	}
	return false;
}

static bool value_possible(const struct ex_op *op, uint64_t state,
			   uint64_t value)
{
	if (op->flags & EX_AWAIT)
		return ex_await_holds(op, value);
	return !state || !memo_has(state, value);
}

bool machine_possible(const struct event *e, uint64_t value)
{
	return value_possible(&e->op, e->state, value);
}

static bool reader_enabled(struct ex_thread *t)
{
	struct ex_op *op = &t->op;
	struct event *mine = NULL;
	bool partly = false;
	uint64_t value;

	if (op->flags & EX_SPINS)
		return changed_since(t, machine.spins_since[t->id]);
	if (!t->state && !(op->flags & EX_AWAIT) && !tso)
		return true;
	if (tso && op->kind == EX_LOAD)
		mine = buffer_find(t->id, op->addr, op->size, &partly);
	if (partly)
		return false;
	value = mine ? mine->wrote : ex_mem_read(op->addr, op->size);
	if (value_possible(op, t->state, value))
		return true;
	if (t->state)
		op->flags |= EX_AGAIN;
	return false;
}

static bool thread_enabled(struct ex_thread *t)
{
	struct ex_op *op = &t->op;

	if (tso && needs_empty_buffer(op) && !buffer_empty(t->id))
		return false;
	switch (op->kind) {
	case EX_LOAD:
	case EX_RMW:
	case EX_CMPXCHG:
		return reader_enabled(t);
	case EX_STORE:
		return !is_buffered(op) ||
		       buffers[t->id].tail - buffers[t->id].head < MAX_BUFFERED;
	case EX_JOIN:
		return ex_thread((int)op->arg)->op.kind == EX_EXIT &&
		       buffer_empty((int)op->arg);
	case EX_RCU_SYNC_END:
		return !rcu_waits[t->id];
	case EX_EXIT:
	case EX_FAIL:
	case EX_OVER:
		return false;
	default:
		return true;
	}
}

static int void_class(const struct ex_op *op)
{
	switch (op->fn) {
	case EX_FN_ADD:
	case EX_FN_SUB:
		return ACCESS_VOID + EX_FN_ADD;
	case EX_FN_AND:
	case EX_FN_OR:
	case EX_FN_XOR:
		return ACCESS_VOID + op->fn;
	default:
		return ACCESS_WRITE;
	}
}

static int class_of(const struct ex_op *op)
{
	switch (op->kind) {
	case EX_LOAD:
	case EX_RCU_SYNC_BEGIN:
		return ACCESS_READ;
	case EX_STORE:
		return is_buffered(op) ? ACCESS_NONE : ACCESS_WRITE;
	case EX_RMW:
		return op->flags & EX_VOID ? void_class(op) : ACCESS_WRITE;
	case EX_CMPXCHG:
		return ex_mem_read(op->addr, op->size) == op->expected
			       ? ACCESS_WRITE
			       : ACCESS_READ;
	case EX_RCU_LOCK:
	case EX_RCU_UNLOCK:
		return ACCESS_VOID + EX_FN_ADD;
	default:
		return ACCESS_NONE;
	}
}

static int location_for(const struct ex_op *op, int access)
{
	if (access == ACCESS_NONE)
		return 0;
	if (op->addr)
		return location_of(op->addr, op->size);
	return location_of(&rcu_word, sizeof(rcu_word));
}

/* Whether the thread can go on whatever the others do. */
static bool is_sure(const struct ex_thread *t)
{
	switch (t->op.kind) {
	case EX_LOAD:
	case EX_CMPXCHG:
	case EX_RMW:
		return !tso && !t->state &&
		       !(t->op.flags & (EX_AWAIT | EX_SPINS));
	case EX_STORE:
	case EX_FENCE:
	case EX_CREATE:
	case EX_RCU_LOCK:
	case EX_RCU_UNLOCK:
	case EX_RCU_SYNC_BEGIN:
		return !tso;
	case EX_CHOICE:
	case EX_FREE:
		return true;
	default:
		return false;
	}
}

/* ---- what threads are about to do ---- */

/* Notes what is the same until the thread does it. */
static void note_pending(struct ex_thread *t)
{
	struct pending *pending = &machine.pending[t->id];
	uint32_t bit = 1u << t->id;

	pending->access = (uint8_t)class_of(&t->op);
	pending->location = location_for(&t->op, pending->access);
	machine.sure &= ~bit;
	machine.unsure &= ~bit;
	machine.eager &= ~bit;
	if (pending->access == ACCESS_NONE)
		machine.eager |= bit;
	if (is_sure(t))
		machine.sure |= bit;
	else if (t->op.kind < EX_EXIT)
		machine.unsure |= bit;
}

uint32_t machine_enabled(void)
{
	uint32_t set = machine.sure, unsure = machine.unsure;
	int i;

	for (; unsure; unsure &= unsure - 1) {
		i = __builtin_ctz(unsure);
		if (thread_enabled(ex_thread(i)))
			set |= 1u << i;
	}
	for (i = 0; tso && i < ex_nr_threads(); i++) {
		if (!buffer_empty(i))
			set |= 1u << buffer_of(i);
	}
	return set;
}

int machine_access(int proc, int *location)
{
	const struct pending *pending = &machine.pending[proc];
	const struct ex_op *op;

	if (is_buffer(proc)) {
		op = &buffer_oldest(thread_of(proc))->op;
		*location = location_of(op->addr, op->size);
		return ACCESS_WRITE;
	}
	*location = pending->location;
	if (ex_thread(proc)->op.kind == EX_CMPXCHG)
		return class_of(&ex_thread(proc)->op);
	return pending->access;
}

/* ---- doing it ---- */

static void rcu_perform(const struct ex_op *op, int thread)
{
	uint32_t bit = 1u << thread;
	int i;

	switch (op->kind) {
	case EX_RCU_LOCK:
		rcu_readers |= bit;
		break;
	case EX_RCU_SYNC_BEGIN:
		rcu_waits[thread] = rcu_readers & ~bit;
		break;
	case EX_RCU_UNLOCK:
		rcu_readers &= ~bit;
		for (i = 0; i < EX_MAX_THREADS; i++)
			rcu_waits[i] &= ~bit;
		break;
	default:
		break;
	}
}

/* What the operation reads and will write. */
static void look(struct event *e)
{
	const struct ex_op *op = &e->op;
	struct event *mine = NULL;
	bool partly;

	e->from = 0;
	e->writes = false;
	e->old = 0;
	e->result = 0;
	if (!op->size)
		return;
	if (e->location)
		e->from = machine.events[machine.last_at[e->location]].write;
	e->old = ex_mem_read(op->addr, op->size);
	e->wrote = e->old;
	if (tso && op->kind == EX_LOAD)
		mine = buffer_find(e->proc, op->addr, op->size, &partly);
	switch (op->kind) {
	case EX_LOAD:
		e->result = mine ? mine->wrote : e->old;
		if (mine)
			e->from = (int)(mine - machine.events);
		return;
	case EX_STORE:
		e->writes = true;
		e->wrote = op->arg & ex_size_mask(op->size);
		return;
	case EX_RMW:
		e->writes = true;
		e->wrote = ex_rmw_result(op, e->old);
		break;
	case EX_CMPXCHG:
		e->writes = e->old == op->expected;
		if (e->writes)
			e->wrote = op->arg & ex_size_mask(op->size);
		break;
	default:
		break;
	}
	e->result = e->old;
}

/* What doing it changes outside the event, the first time and later. */
static inline __attribute__((always_inline)) void
perform(struct event *e, int number, bool first)
{
	struct ex_thread *t = ex_thread(e->proc), *child = NULL;

	if (e->op.kind == EX_CREATE) {
		child = ex_spawn(t);
		e->result = (uint64_t)child->id;
	} else if (is_buffered(&e->op)) {
		buffer_push(e->proc, number);
	} else if (e->writes && !(e->op.flags & EX_VOLATILE)) {
		ex_mem_write(e->op.addr, e->op.size, e->wrote);
	} else if (e->op.kind >= EX_RCU_LOCK) {
		rcu_perform(&e->op, e->proc);
	}
	if (ex_options.races)
		t->hb = e->hb.of;
	if (child) {
		buffers[child->id].head = buffers[child->id].tail = 0;
		rcu_waits[child->id] = 0;
		child->hb = t->hb;
		ex_run(child, 0);
		if (first)
			note_pending(child);
		machine.over |= child->op.kind >= EX_OVER;
	}
	ex_run_inline(t, e->result);
	machine.over |= t->op.kind >= EX_OVER;
	if (t->op.flags & EX_SPINS)
		machine.spins_since[e->proc] = number;
	if (first)
		note_pending(t);
}

static void commit(struct event *e)
{
	buffers[thread_of(e->proc)].head++;
	ex_mem_write(e->op.addr, e->op.size, e->wrote);
}

static void link_event(struct event *e, int number)
{
	struct event *there = &machine.events[machine.last_at[e->location]];

	e->before_of_proc = machine.last[e->proc];
	machine.last[e->proc] = number;
	if (!e->location)
		return;
	e->before_there = machine.last_at[e->location];
	machine.last_at[e->location] = number;
	e->group = number;
	if (e->before_there && there->access == e->access &&
	    e->access != ACCESS_WRITE)
		e->group = there->group;
	e->write = e->writes ? number : there->write;
}

static struct event *step_buffer(int proc, struct event *e, int number)
{
	struct event *store = buffer_oldest(thread_of(proc));

	e->op = store->op;
	e->stored = (int)(store - machine.events);
	e->old = ex_mem_read(e->op.addr, e->op.size);
	e->wrote = store->wrote;
	e->result = 0;
	e->from = 0;
	e->state = 0;
	e->writes = true;
	dpor_order_begin(e);
	e->released = store->released;
	commit(e);
	machine.nr = number;
	link_event(e, number);
	return e;
}

struct event *machine_step(int proc, int choice)
{
	int number = machine.nr + 1;
	struct event *e = &machine.events[number];
	struct ex_thread *t = ex_thread(thread_of(proc));

	e->proc = (uint8_t)proc;
	e->index = (uint16_t)(dpor_count_of(proc) + 1);
	e->access = (uint8_t)machine_access(proc, &e->location);
	e->choice = (uint16_t)choice;
	if (is_buffer(proc))
		return step_buffer(proc, e, number);
	e->op = t->op;
	e->state = t->state;
	e->drained = tso && needs_empty_buffer(&e->op);
	look(e);
	if (e->op.kind == EX_CHOICE)
		e->result = (uint64_t)choice;
	if (e->op.kind == EX_RCU_SYNC_BEGIN)
		e->result = rcu_readers & ~(1u << proc);
	dpor_order_begin(e);
	dpor_hb_begin(e, number);
	if (t->hb && e->op.size && !race_marked(t, e->writes)) {
		machine.over = true;
		machine.nr = number;
		link_event(e, number);
		return e;
	}
	if (e->op.kind == EX_CREATE) {
		machine.last[ex_nr_threads()] = number;
		machine.last[buffer_of(ex_nr_threads())] = 0;
	}
	perform(e, number, true);
	if (t->op.flags & EX_AGAIN) {
		memo_add(e->state, e->result);
		t->hb = machine.events[machine.last[proc]].hb.of;
		return NULL;
	}
	if (e->writes && e->op.flags & EX_VOLATILE)
		e->wrote = ex_mem_read(e->op.addr, e->op.size);
	machine.nr = number;
	link_event(e, number);
	return e;
}

void machine_undo(void)
{
	struct event *e = &machine.events[machine.nr--];

	machine.last[e->proc] = e->before_of_proc;
	if (e->location)
		machine.last_at[e->location] = e->before_there;
}

/* ---- again and again ---- */

void machine_forget(void)
{
	if (memo_used)
		memset(memo, 0, sizeof(*memo) * MEMO_ROOM);
	memo_used = 0;
}

void machine_init(void)
{
	if (!machine.events) {
		machine.events =
			ex_alloc(sizeof(struct event) * (MAX_EVENTS + 2));
		machine.last_at = ex_alloc(sizeof(int) * MAX_LOCATIONS);
		memo = ex_alloc(sizeof(*memo) * MEMO_ROOM);
	}
	while (machine.nr)
		machine_undo();
	tso = ex_options.model == EX_TSO;
	machine.events[0].proc = MAX_PROCS;
}

static inline __attribute__((always_inline)) void repeat_event(struct event *e,
							       int number)
{
	struct ex_thread *t = ex_thread(thread_of(e->proc));

	if (is_buffer(e->proc)) {
		commit(e);
		return;
	}
	if (EX_UNLIKELY(t->op.kind != e->op.kind || t->op.addr != e->op.addr)) {
		ex_fail(EX_NONDETERMINISM,
			"thread %d does something else when its past is "
			"repeated: does the program read a clock, a file?",
			t->id);
		machine.over = true;
		return;
	}
	if (EX_UNLIKELY(race_mixed) && t->hb && e->op.size)
		race_marked(t, e->writes);
	perform(e, number, false);
}

void machine_repeat(void)
{
	struct ex_thread *main;
	int i, spawned;

	memset(buffers[0].stores, 0, 0);
	buffers[0].head = buffers[0].tail = 0;
	rcu_readers = 0;
	rcu_waits[0] = 0;
	machine.over = false;
	ex_begin();
	main = ex_thread(0);
	if (ex_options.races)
		main->hb = machine.events[0].hb.of;
	ex_run(main, 0);
	machine.over |= main->op.kind >= EX_OVER;
	spawned = machine.nr;
	for (i = 1; i <= spawned && !machine.over; i++)
		repeat_event(&machine.events[i], i);
	machine.sure = machine.unsure = machine.eager = 0;
	for (i = 0; i < ex_nr_threads(); i++)
		note_pending(ex_thread(i));
}
