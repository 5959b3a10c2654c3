// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Execution graphs: events with their clocks, reads-from, modification
 * orders; added at the end, cut off, and copied with a read changed.
 */
#include "engine_weak.h"
#include "location.h"

enum {
	FIRST_ROOM = 128,
	FIRST_LOCS = 64,
	RANK_STEP = 64
};

const struct clock weak_zero_clock = {};
struct location *weak_locs EX_STATE = NULL;
uint32_t weak_run EX_STATE = 0;
int weak_lessons EX_STATE = 0;
bool weak_voids EX_STATE = false;
static int locs_room EX_STATE = 0;

/* ---- locations ---- */

static void grow_locs(int needed)
{
	int room = locs_room ? locs_room * 2 : FIRST_LOCS;
	struct location *more;

	while (room <= needed)
		room *= 2;
	more = ex_alloc(sizeof(*more) * (size_t)room);
	memset(more, 0, sizeof(*more) * (size_t)room);
	if (locs_room)
		memcpy(more, weak_locs, sizeof(*more) * (size_t)locs_room);
	weak_locs = more;
	locs_room = room;
}

/*
 * Where accesses of several sizes meet, all are to the 8 aligned bytes
 * around them. What was done until this was known has to be done again.
 */
static void widen(struct location *loc, void *addr)
{
	loc->addr = (void *)((uintptr_t)addr & ~(uintptr_t)7);
	loc->size = 8;
	loc->wide = true;
	loc->mixed = true;
	loc->run = 0;
	weak_lessons++;
}

uint16_t weak_location(const struct ex_op *op)
{
	int number = location_of(op->addr, op->size);
	struct location *loc;

	if (EX_UNLIKELY(number >= locs_room))
		grow_locs(number);
	loc = &weak_locs[number];
	if (EX_UNLIKELY(!loc->addr)) {
		loc->addr = op->addr;
		loc->size = op->size;
	} else if (EX_UNLIKELY(!loc->wide && (loc->addr != op->addr ||
					      loc->size != op->size))) {
		widen(loc, op->addr);
	}
	if (EX_UNLIKELY(loc->run != weak_run)) {
		loc->run = weak_run;
		loc->init = ex_mem_read(loc->addr, loc->size);
		loc->in_memory = NONE;
	}
	return (uint16_t)number;
}

/* ---- events ---- */

static uint16_t fence_traits(int order)
{
	uint16_t traits = 0;

	if (ex_order_acquires(order))
		traits |= E_FENCE_ACQ;
	if (ex_order_releases(order))
		traits |= E_FENCE_REL;
	if (order == __ATOMIC_SEQ_CST)
		traits |= E_SC_FENCE;
	return traits;
}

void event_init(struct event *e, const struct ex_thread *t)
{
	const struct ex_op *op = &t->op;

	e->op = *op;
	e->state = t->state;
	e->thread = (uint8_t)t->id;
	e->traits = 0;
	e->loc = 0;
	e->rf = NONE;
	e->rval = 0;
	e->wval = 0;
	e->child = 0;
	switch (op->kind) {
	case EX_LOAD:
	case EX_RMW:
	case EX_CMPXCHG:
		e->traits = E_READ;
		e->loc = weak_location(op);
		if ((op->flags & EX_VOID) && !weak_locs[e->loc].mixed &&
		    op->kind == EX_RMW && op->order == __ATOMIC_RELAXED &&
		    !(op->flags & EX_AWAIT)) {
			e->traits = E_WRITE | E_VOID;
			weak_voids = true;
		}
		break;
	case EX_STORE:
		e->traits = E_WRITE;
		e->loc = weak_location(op);
		if (EX_UNLIKELY(weak_locs[e->loc].wide)) {
			/* Leaves the other bytes as they are: an RMW. */
			e->traits = E_READ;
			break;
		}
		e->wval = op->arg & ex_size_mask(op->size);
		if (ex_order_releases(op->order))
			e->traits |= E_RELEASES;
		if (op->order == __ATOMIC_SEQ_CST)
			e->traits |= E_SC;
		break;
	case EX_FENCE:
		e->traits = fence_traits(op->order);
		break;
	case EX_RCU_SYNC_BEGIN:
		e->traits = E_FENCE_ACQ | E_FENCE_REL | E_SC_FENCE;
		break;
	case EX_RCU_SYNC_END:
		e->traits = E_FENCE_ACQ | E_FENCE_REL;
		break;
	default:
		break;
	}
}

static bool cmpxchg_fails(const struct event *e)
{
	return e->op.kind == EX_CMPXCHG &&
	       e->rval != (e->op.expected & ex_size_mask(e->op.size));
}

void event_set_read(const struct graph *g, struct event *e, int rf)
{
	bool fails;
	int order;

	e->rf = rf;
	e->rval = location_part(&e->op, e->loc, weak_value(g, e->loc, rf));
	e->traits = E_READ;
	if (!ex_await_holds(&e->op, e->rval) ||
	    (e->state && weak_spin_known(e->state, e->rval))) {
		e->traits |= E_BLOCKED;
		return;
	}
	if (EX_UNLIKELY(e->op.kind == EX_STORE)) {
		e->traits |= E_RMW;
		return;
	}
	fails = cmpxchg_fails(e);
	order = fails ? e->op.fail_order : e->op.order;
	if (e->op.kind != EX_LOAD && !fails)
		e->traits |= E_RMW;
	if (ex_order_acquires(order))
		e->traits |= E_ACQUIRES;
	if (order == __ATOMIC_SEQ_CST) {
		if (ex_options.kernel && (e->traits & E_RMW))
			e->traits |= E_FULL | E_FENCE_ACQ | E_FENCE_REL;
		else
			e->traits |= E_SC;
	}
}

void event_init_rmw_write(const struct graph *g, struct event *e,
			  const struct event *read)
{
	int order = read->op.order;

	*e = *read;
	e->traits = E_WRITE | E_RMW;
	if (read->op.kind == EX_CMPXCHG || read->op.kind == EX_STORE)
		e->wval = read->op.arg & ex_size_mask(read->op.size);
	else
		e->wval = ex_rmw_result(&read->op, read->rval);
	e->wval = location_whole(&e->op, e->loc,
				 weak_value(g, e->loc, read->rf), e->wval);
	if (ex_order_releases(order))
		e->traits |= E_RELEASES;
	if (read->traits & E_FULL)
		e->traits |= E_FULL | E_FENCE_ACQ | E_FENCE_REL | E_SC_FENCE;
	else if (order == __ATOMIC_SEQ_CST)
		e->traits |= E_SC;
}

/* ---- clocks ---- */

const struct clock *graph_thread_hb(const struct graph *g, int thread)
{
	const struct thread_state *t = &g->threads[thread];

	if (t->last != NONE)
		return &g->ev[t->last].hb;
	return t->creator != NONE ? &g->ev[t->creator].hb : &weak_zero_clock;
}

const struct clock *graph_thread_porf(const struct graph *g, int thread)
{
	const struct thread_state *t = &g->threads[thread];

	if (t->last != NONE)
		return &g->ev[t->last].porf;
	return t->creator != NONE ? &g->ev[t->creator].porf : &weak_zero_clock;
}

/* What an acquire fence at e gets of the reads since the last one. */
static void join_unacquired(const struct graph *g, const struct event *e,
			    struct clock *clock)
{
	const struct event *at;
	int i;

	for (i = e->po_prev; i != NONE; i = at->po_prev) {
		at = &g->ev[i];
		if ((at->traits & E_READ) && at->rf != NONE)
			clock_join(clock, &g->ev[at->rf].rel);
		if (at->traits & E_FENCE_ACQ)
			break;
	}
}

/* Takes a lock of the kernel's: its read, or the read and its write. */
static bool is_lock(const struct event *e)
{
	return ex_options.kernel && (e->op.flags & EX_LOCK) &&
	       (e->traits & E_RMW);
}

static const struct event *unlock_before(const struct graph *g,
					 const struct event *e)
{
	int i = e->po_prev;

	while (i != NONE && !(g->ev[i].op.flags & EX_UNLOCK))
		i = g->ev[i].po_prev;
	return i != NONE ? &g->ev[i] : NULL;
}

void graph_join_earlier(const struct graph *g, const struct event *e,
			struct clock *clock)
{
	const struct event *unlock = is_lock(e) ? unlock_before(g, e) : NULL;

	if (e->traits & E_FENCE_ACQ)
		join_unacquired(g, e, clock);
	if (unlock)
		join_unacquired(g, unlock, clock);
}

/*
 * What is written with the lock comes after all before the thread's last
 * unlock, and all before the unlock that it reads, for third parties as well.
 */
static void set_lock_rel(const struct graph *g, struct event *e)
{
	const struct event *unlock = unlock_before(g, e);

	e->rel = e->rel_lock != NONE ? g->ev[e->rel_lock].rel : weak_zero_clock;
	if (unlock) {
		clock_join(&e->rel, &unlock->hb);
		join_unacquired(g, unlock, &e->rel);
	}
	if (e->rf != NONE)
		clock_join(&e->rel, &g->ev[e->rf].rel);
}

/* The end of a grace period comes after those of sections. */
static void join_ends(const struct graph *g, struct event *e)
{
	const struct event *end;
	int t, i;

	for (t = 0; t < EX_MAX_THREADS; t++) {
		if (!e->rel.of[t])
			continue;
		for (i = g->threads[t].last; i != NONE; i = end->po_prev) {
			end = &g->ev[i];
			if (end->idx == e->rel.of[t])
				clock_join(&e->hb, &end->hb);
		}
	}
}

static void set_clocks(const struct graph *g, struct event *e)
{
	int creator = g->threads[e->thread].creator;
	int prev = e->po_prev != NONE ? e->po_prev : creator;

	e->hb = prev != NONE ? g->ev[prev].hb : weak_zero_clock;
	e->porf = prev != NONE ? g->ev[prev].porf : weak_zero_clock;
	e->hb.of[e->thread] = e->idx;
	e->porf.of[e->thread] = e->idx;
	if (event_joins_earlier(e))
		graph_join_earlier(g, e, &e->hb);
	if (e->traits & E_READ) {
		if (is_lock(e))
			set_lock_rel(g, e);
		if (e->rf != NONE) {
			clock_join(&e->porf, &g->ev[e->rf].porf);
			if (e->traits & E_ACQUIRES)
				clock_join(&e->hb, &g->ev[e->rf].rel);
		}
	} else if (e->traits & E_WRITE) {
		if (e->traits & E_RELEASES)
			e->rel = e->hb;
		else if (e->rel_fence != NONE)
			e->rel = g->ev[e->rel_fence].hb;
		else
			e->rel = weak_zero_clock;
		if (e->rel_lock != NONE)
			clock_join(&e->rel, &g->ev[e->rel_lock].rel);
		if ((e->traits & E_RMW) && e->rf != NONE)
			clock_join(&e->rel, &g->ev[e->rf].rel);
	} else if (e->op.kind == EX_RCU_SYNC_END) {
		join_ends(g, e);
	} else if (e->op.kind == EX_JOIN) {
		int child = (int)e->op.arg;

		clock_join(&e->hb, graph_thread_hb(g, child));
		clock_join(&e->porf, graph_thread_porf(g, child));
		/* Its end counts too: what it did plainly at last is before. */
		e->hb.of[child]++;
	}
}

/* ---- building ---- */

static void grow_events(struct graph *g)
{
	int room = g->room ? g->room * 2 : FIRST_ROOM, i;
	struct event *ev = ex_alloc(sizeof(*ev) * (size_t)room);
	int *by_stamp = ex_alloc(sizeof(*by_stamp) * (size_t)room);

	if (g->n) {
		memcpy(ev, g->ev, sizeof(*ev) * (size_t)g->n);
		memcpy(by_stamp, g->by_stamp, sizeof(*by_stamp) * (size_t)g->n);
	}
	g->ev = ev;
	g->by_stamp = by_stamp;
	g->room = room;
	/* race.c looks at the clocks where they lie. */
	for (i = 0; i < ex_nr_threads(); i++)
		ex_thread(i)->hb = graph_thread_hb(g, i)->of;
}

void graph_see_location(struct graph *g, uint16_t loc)
{
	if (loc >= g->loc_room) {
		int room = g->loc_room ? g->loc_room : FIRST_LOCS;
		struct mo_list *more;

		while (room <= loc)
			room *= 2;
		more = ex_alloc(sizeof(*more) * (size_t)room);
		if (g->nr_locs)
			memcpy(more, g->mo, sizeof(*more) * (size_t)g->nr_locs);
		g->mo = more;
		g->loc_room = room;
	}
	while (g->nr_locs <= loc) {
		struct mo_list *mo = &g->mo[g->nr_locs++];

		mo->first = mo->last = mo->last_access = NONE;
	}
}

void graph_clear(struct graph *g)
{
	int i;

	g->n = 0;
	g->nr_locs = 0;
	g->nr_sc = 0;
	g->nr_sections = 0;
	g->nr_syncs = 0;
	g->next_stamp = 1;
	for (i = 0; i < EX_MAX_THREADS; i++) {
		g->threads[i].last = NONE;
		g->threads[i].creator = NONE;
		g->threads[i].count = 0;
	}
}

/* Room for one more and its place in thread, location and array. */
static struct event *link_event(struct graph *g, const struct event *from)
{
	struct thread_state *t = &g->threads[from->thread];
	struct event *e;
	const struct event *prev;

	if (EX_UNLIKELY(g->n == g->room))
		grow_events(g);
	e = &g->ev[g->n];
	if (e != from)
		*e = *from;
	e->po_prev = t->last;
	e->rel_fence = NONE;
	e->rel_lock = NONE;
	if (t->last != NONE) {
		prev = &g->ev[t->last];
		e->rel_lock = is_lock(prev) && (prev->traits & E_READ)
				      ? t->last
				      : prev->rel_lock;
		e->rel_fence = prev->traits & E_FENCE_REL ? t->last
							  : prev->rel_fence;
	}
	e->idx = ++t->count;
	t->last = g->n;
	if (e->traits & (E_READ | E_WRITE)) {
		graph_see_location(g, e->loc);
		e->loc_prev = g->mo[e->loc].last_access;
		g->mo[e->loc].last_access = g->n;
	}
	if (e->op.kind == EX_CREATE)
		g->threads[e->child].creator = g->n;
	g->nr_sc += event_is_ordered(e);
	g->nr_sections += e->op.kind == EX_RCU_LOCK;
	g->nr_syncs += e->op.kind == EX_RCU_SYNC_END;
	g->n++;
	return e;
}

struct event *graph_append(struct graph *g, const struct event *from)
{
	struct event *e = link_event(g, from);

	if (EX_UNLIKELY(e->idx == UINT16_MAX))
		ex_fail(EX_LIMIT, "thread %d has more than %d operations",
			e->thread, UINT16_MAX - 1);
	e->stamp = g->next_stamp++;
	g->by_stamp[g->n - 1] = g->n - 1;
	set_clocks(g, e);
	return e;
}

void graph_place(struct graph *g, int write, int after)
{
	struct event *e = &g->ev[write];
	struct mo_list *mo = &g->mo[e->loc];
	int next = mo_next(g, e->loc, after), i;

	e->mo_prev = after;
	e->mo_next = next;
	e->rank = rank_of(g, after) + RANK_STEP;
	if (after == NONE)
		mo->first = write;
	else
		g->ev[after].mo_next = write;
	if (next == NONE) {
		mo->last = write;
		return;
	}
	g->ev[next].mo_prev = write;
	if (g->ev[next].rank - rank_of(g, after) > 1) {
		e->rank = rank_of(g, after) +
			  (g->ev[next].rank - rank_of(g, after)) / 2;
		return;
	}
	for (i = next; i != NONE; i = g->ev[i].mo_next)
		g->ev[i].rank += RANK_STEP;
}

static void unplace(struct graph *g, const struct event *e)
{
	struct mo_list *mo = &g->mo[e->loc];

	if (e->mo_prev == NONE)
		mo->first = e->mo_next;
	else
		g->ev[e->mo_prev].mo_next = e->mo_next;
	if (e->mo_next == NONE)
		mo->last = e->mo_prev;
	else
		g->ev[e->mo_next].mo_prev = e->mo_prev;
}

void graph_truncate(struct graph *g, int n)
{
	while (g->n > n) {
		const struct event *e = &g->ev[--g->n];
		struct thread_state *t = &g->threads[e->thread];

		t->last = e->po_prev;
		t->count--;
		if (e->traits & (E_READ | E_WRITE))
			g->mo[e->loc].last_access = e->loc_prev;
		if (e->traits & E_WRITE)
			unplace(g, e);
		if (e->op.kind == EX_CREATE)
			g->threads[e->child].creator = NONE;
		g->nr_sc -= event_is_ordered(e);
		g->nr_sections -= e->op.kind == EX_RCU_LOCK;
		g->nr_syncs -= e->op.kind == EX_RCU_SYNC_END;
	}
	g->next_stamp = n ? g->ev[g->by_stamp[n - 1]].stamp + 1 : 1;
}

/* ---- revisits ---- */

static int *moved EX_STATE = NULL; /* where the events of a graph went */
static int moved_room EX_STATE = 0;

static void copy_kept(struct graph *to, const struct graph *g,
		      const struct clock *prefix, int read)
{
	uint32_t stamp = g->ev[read].stamp;
	const struct event *from;
	struct event *e;
	int i;

	for (i = 0; i < g->n; i++) {
		from = &g->ev[i];
		moved[i] = NONE;
		if (i == read || (from->stamp > stamp && !before(prefix, from)))
			continue;
		moved[i] = to->n;
		e = link_event(to, from);
		if (e->traits & (E_READ | E_WRITE) && e->rf != NONE)
			e->rf = moved[e->rf];
	}
}

/* The write's value, if it depends on the one before it. */
static void event_set_void(const struct graph *g, struct event *e, int last)
{
	if (EX_UNLIKELY(e->traits & E_VOID))
		e->wval = ex_rmw_result(&e->op, weak_value(g, e->loc, last));
}

static void copy_orders(struct graph *to, const struct graph *g)
{
	int loc, i, last;

	for (loc = 0; loc < to->nr_locs; loc++) {
		last = NONE;
		for (i = g->mo[loc].first; i != NONE; i = g->ev[i].mo_next) {
			if (moved[i] == NONE)
				continue;
			to->ev[moved[i]].mo_prev = last;
			if (last == NONE)
				to->mo[loc].first = moved[i];
			else
				to->ev[last].mo_next = moved[i];
			event_set_void(to, &to->ev[moved[i]], last);
			last = moved[i];
		}
		to->mo[loc].last = last;
		if (last != NONE)
			to->ev[last].mo_next = NONE;
	}
}

/*
 * Sections that a grace period waited for may be gone, as the read was in
 * them; with them goes what they brought to clocks.
 */
static void repair_syncs(struct graph *g)
{
	struct event *e;
	int i, t;

	for (i = 0; i < g->n; i++) {
		e = &g->ev[i];
		if (e->op.kind == EX_RCU_SYNC_END) {
			for (t = 0; t < EX_MAX_THREADS; t++) {
				if (e->rel.of[t] > g->threads[t].count)
					e->rel.of[t] = 0;
			}
		}
		set_clocks(g, e);
	}
}

void graph_revisit(struct graph *to, const struct graph *g,
		   const struct event *write, const struct clock *prefix,
		   int read, int after)
{
	int i, k = 0, w;
	struct event *r;

	if (moved_room < g->n) {
		moved_room = g->room;
		moved = ex_alloc(sizeof(*moved) * (size_t)moved_room);
	}
	graph_clear(to);
	while (to->room < g->n + 2)
		grow_events(to);
	copy_kept(to, g, prefix, read);
	copy_orders(to, g);
	if (EX_UNLIKELY(to->nr_syncs))
		repair_syncs(to);
	w = to->n;
	link_event(to, write);
	if (to->ev[w].rf != NONE)
		to->ev[w].rf = moved[write->rf];
	to->ev[w].stamp = g->next_stamp;
	graph_place(to, w, after == NONE ? NONE : moved[after]);
	set_clocks(to, &to->ev[w]);

	moved[read] = to->n;
	to->ev[to->n] = g->ev[read];
	event_set_read(to, &to->ev[to->n], w);
	r = link_event(to, &to->ev[to->n]);
	set_clocks(to, r);
	for (i = 0; i < g->n; i++) {
		if (moved[g->by_stamp[i]] != NONE)
			to->by_stamp[k++] = moved[g->by_stamp[i]];
	}
	to->by_stamp[k] = w;
	to->next_stamp = g->next_stamp + 1;
}
