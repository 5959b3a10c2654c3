// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * What an event may do: what a read reads, where a write goes in the
 * modification order, and which reads of before a new write changes. One
 * choice is taken, the others become items.
 */
#include "engine_weak.h"

enum {
	FIRST_ITEMS = 256
};

#ifdef WEAK_TEST
int weak_bug;
#endif
struct item *weak_items EX_STATE = NULL;
int weak_nr_items EX_STATE = 0;
static int items_room EX_STATE = 0;

static struct item *new_item(int n, const struct event *e)
{
	struct item *item;

	if (EX_UNLIKELY(weak_nr_items == items_room)) {
		int room = items_room ? items_room * 2 : FIRST_ITEMS;
		struct item *more = ex_alloc(sizeof(*more) * (size_t)room);

		if (weak_nr_items)
			memcpy(more, weak_items,
			       sizeof(*more) * (size_t)weak_nr_items);
		weak_items = more;
		items_room = room;
	}
	item = &weak_items[weak_nr_items++];
	item->revisit = false;
	item->n = n;
	item->after = NONE;
	item->event = *e;
	return item;
}

/* ---- coherence ---- */

/*
 * The rank of the oldest write to the location that may be read by, or
 * come before a write of, somebody after all of the clock.
 */
static uint32_t floor_of(const struct graph *g, uint16_t loc,
			 const struct clock *clock)
{
	uint32_t key, most = 0;
	const struct event *a;
	int i;

	if (loc >= g->nr_locs || WEAK_BUG(WEAK_BUG_STALE))
		return 0;
	for (i = g->mo[loc].last_access; i != NONE; i = a->loc_prev) {
		a = &g->ev[i];
		if (!before(clock, a) && !(a->traits & E_PLAIN))
			continue;
		key = coherence_key(g, a);
		if (key > most)
			most = key;
	}
	return most / 2;
}

static uint32_t read_floor(const struct graph *g, const struct event *e,
			   const struct clock *hb)
{
	struct clock clock;

	if (EX_LIKELY(!event_joins_earlier(e)))
		return floor_of(g, e->loc, hb);
	clock = *hb;
	graph_join_earlier(g, e, &clock);
	return floor_of(g, e->loc, &clock);
}

/* ---- reads ---- */

/*
 * Whether e, with the write chosen, is worth a visit. A read that awaits
 * something else is there to be changed, which only happens to a read of the
 * newest write. An RMW of a write that another one has taken is there to
 * change that, unless it comes after it.
 */
static bool may_read(const struct graph *g, const struct event *e)
{
	int taken;

	if (e->traits & E_BLOCKED)
		return mo_next(g, e->loc, e->rf) == NONE;
	if (!(e->traits & E_RMW))
		return true;
	taken = taker(g, e->loc, e->rf);
	if (EX_LIKELY(taken == NONE))
		return true;
	return !before(graph_thread_porf(g, e->thread), &g->ev[taken]) &&
	       !(e->rf != NONE && before(&g->ev[e->rf].porf, &g->ev[taken]));
}

static inline int newest(const struct graph *g, uint16_t loc)
{
	return loc < g->nr_locs ? g->mo[loc].last : NONE;
}

/* Goes to the next older write that e may read; false: there is none. */
static bool older(const struct graph *g, struct event *e, int *write)
{
	const struct clock *hb = graph_thread_hb(g, e->thread);

	while (*write != NONE) {
		if (rank_of(g, *write) <= floor_of(g, e->loc, hb))
			return false;
		*write = g->ev[*write].mo_prev;
		event_set_read(g, e, *write);
		if (rank_of(g, *write) >= read_floor(g, e, hb) &&
		    may_read(g, e))
			return true;
	}
	return false;
}

void weak_add_read(struct graph *g, struct event *e)
{
	int write = newest(g, e->loc), n = g->n;
	struct event first;

	graph_see_location(g, e->loc);
	e->po_prev = g->threads[e->thread].last;
	event_set_read(g, e, write);
	first = *e;
	/* Rather one that goes on than one that is blocked. */
	while (older(g, e, &write)) {
		if (first.traits & E_BLOCKED) {
			new_item(n, &first);
			first = *e;
		} else {
			new_item(n, e);
		}
	}
	graph_append(g, &first);
}

bool weak_await_ready(const struct graph *g, const struct ex_thread *t)
{
	struct event e;
	int write;

	event_init(&e, t);
	e.po_prev = g->threads[t->id].last;
	write = newest(g, e.loc);
	event_set_read(g, &e, write);
	if (e.loc >= g->nr_locs || !(e.traits & E_BLOCKED))
		return !(e.traits & E_BLOCKED);
	while (older(g, &e, &write)) {
		if (!(e.traits & E_BLOCKED))
			return true;
	}
	return false;
}

/* ---- reads of who spins ---- */

struct spin {
	uint64_t state; /* 0: unused */
	uint64_t value;
};

static struct spin *spins EX_STATE = NULL;
static size_t spins_room EX_STATE = 0, spins_used EX_STATE = 0;

static struct spin *find_spin(uint64_t state, uint64_t value)
{
	size_t slot = (size_t)((state ^ value) * 0x9e3779b97f4a7c15u >> 32);

	for (;; slot++) {
		slot &= spins_room - 1;
		if (!spins[slot].state ||
		    (spins[slot].state == state && spins[slot].value == value))
			return &spins[slot];
	}
}

bool weak_spin_known(uint64_t state, uint64_t value)
{
	return spins_room && find_spin(state, value)->state;
}

void weak_spin_learn(uint64_t state, uint64_t value)
{
	struct spin *old = spins;
	size_t room = spins_room, i;

	if (!state)
		return;
	if (spins_used * 2 >= spins_room) {
		spins_room = room ? room * 2 : FIRST_ITEMS;
		spins = ex_alloc(sizeof(*spins) * spins_room);
		for (i = 0; i < room; i++) {
			if (old[i].state)
				*find_spin(old[i].state, old[i].value) = old[i];
		}
	}
	old = find_spin(state, value);
	spins_used += !old->state;
	old->state = state;
	old->value = value;
}

bool weak_spin_next(const struct graph *g, struct event *e, int *write)
{
	if (*write == SPIN_FIRST) {
		*write = newest(g, e->loc);
		e->po_prev = g->threads[e->thread].last;
		event_set_read(g, e, *write);
		if (!(e->traits & E_BLOCKED))
			return true;
	}
	while (e->loc < g->nr_locs && older(g, e, write)) {
		if (!(e->traits & E_BLOCKED))
			return true;
	}
	return false;
}

void weak_spin_others(const struct graph *g, const struct event *e, int n,
		      int write)
{
	struct event other = *e;

	if (write != newest(g, e->loc)) {
		event_set_read(g, &other, newest(g, e->loc));
		new_item(n, &other);
	}
	while (older(g, &other, &write))
		new_item(n, &other);
}

/* ---- other choices ---- */

void weak_add_choice(struct graph *g, struct event *e)
{
	uint64_t value;

	for (value = e->op.arg; value-- > 1;) {
		e->rval = value;
		new_item(g->n, e);
	}
	e->rval = 0;
	graph_append(g, e);
}

/* ---- changed reads ---- */

/* Of the events when e was added, had the write's causes been there. */
static inline bool was_there(const struct event *a, const struct event *e,
			     const struct clock *prefix)
{
	return a->stamp <= e->stamp || before(prefix, a);
}

/*
 * Whether e is what would be added if there were no choice: a read of the
 * newest write, a write that is the newest. Of all graphs which differ in
 * what a revisit takes away it is done from this one only.
 */
static bool is_maximal(const struct graph *g, const struct event *e,
		       const struct event *write, const struct clock *prefix)
{
	const struct event *a;
	uint32_t rank;
	int i, self = (int)(e - g->ev);

	if (!(e->traits & (E_READ | E_WRITE)))
		return e->op.kind != EX_CHOICE || e->rval == 0;
	if (e->traits & E_READ) {
		if (e->rf != NONE && !was_there(&g->ev[e->rf], e, prefix))
			return false;
		rank = rank_of(g, e->rf);
	} else {
		rank = e->rank;
	}
	for (i = g->mo[e->loc].last_access; i != NONE; i = a->loc_prev) {
		a = &g->ev[i];
		if (a == write || a == e || !was_there(a, e, prefix))
			continue;
		if (a->traits & E_WRITE) {
			if (a->rank > rank && !(a->traits & e->traits & E_VOID))
				return false;
		} else if (a->rf == self) {
			return false;
		}
	}
	return true;
}

/* A change that a new write might make. */
struct change {
	const struct event *read, *write;
	const struct clock *prefix; /* what stays in any case */
};

static inline bool stays(const struct event *e, const struct change *change)
{
	return e != change->write &&
	       (e->stamp < change->read->stamp || before(change->prefix, e));
}

static int next_staying(const struct graph *g, uint16_t loc, int at,
			const struct change *change)
{
	do {
		at = mo_next(g, loc, at);
	} while (at != NONE && !stays(&g->ev[at], change));
	return at;
}

/* Where the write may go at the earliest, so that the read may read it. */
static uint32_t revisit_floor(const struct graph *g,
			      const struct event *changed,
			      const struct change *change)
{
	struct clock clock = *graph_hb_before(g, change->read);
	uint32_t key, most = 0;
	const struct event *a;
	int i;

	if (event_joins_earlier(changed))
		graph_join_earlier(g, changed, &clock);
	clock_join(&clock, graph_hb_before(g, change->write));
	for (i = g->mo[changed->loc].last_access; i != NONE; i = a->loc_prev) {
		a = &g->ev[i];
		if (!before(&clock, a) || !stays(a, change))
			continue;
		key = coherence_key(g, a);
		if (key > most)
			most = key;
	}
	return most / 2;
}

/* Makes items for each place of the write from which the read may read it. */
static void revisit(struct graph *g, const struct change *change)
{
	const struct event *write = change->write;
	struct event changed = *change->read;
	int after, next, w = (int)(write - g->ev);
	struct item *item;
	uint32_t least;

	event_set_read(g, &changed, w);
	least = revisit_floor(g, &changed, change);
	for (after = NONE;; after = next) {
		next = next_staying(g, write->loc, after, change);
		if (rank_of(g, after) >= least &&
		    (!(write->traits & E_RMW) || write->rf == after) &&
		    !(next != NONE && (g->ev[next].traits & E_RMW) &&
		      g->ev[next].rf == after) &&
		    !(next != NONE && (changed.traits & E_BLOCKED))) {
			item = new_item(w, write);
			item->revisit = true;
			item->read = (int)(change->read - g->ev);
			item->after = after;
			item->prefix = *change->prefix;
		}
		if (next == NONE)
			break;
	}
}

/*
 * What has to stay because of the write when the read is changed: what it
 * comes after by porf, and the sections that grace periods in there waited
 * for, unless they themselves come after the read.
 */
static void find_prefix(const struct graph *g, const struct event *write,
			const struct event *read, struct clock *prefix)
{
	const struct event *sync, *end;
	int i, t, k;

	*prefix = write->porf;
	for (i = g->n - 1; i >= 0; i--) {
		sync = &g->ev[i];
		if (sync->op.kind != EX_RCU_SYNC_END || !before(prefix, sync))
			continue;
		for (t = 0; t < EX_MAX_THREADS; t++) {
			k = sync->rel.of[t] ? g->threads[t].last : NONE;
			for (; k != NONE; k = end->po_prev) {
				end = &g->ev[k];
				if (end->idx == sync->rel.of[t] &&
				    !before(&end->porf, read))
					clock_join(prefix, &end->porf);
			}
		}
	}
}

/* The same as revisits() if there are grace periods: each read by itself. */
static void revisits_with_syncs(struct graph *g, const struct event *write)
{
	const struct event *e, *read;
	struct clock prefix;
	int k, i;

	for (k = g->n - 2; k >= 0; k--) {
		read = &g->ev[g->by_stamp[k]];
		if (!(read->traits & E_READ) || read->loc != write->loc ||
		    before(&write->porf, read))
			continue;
		find_prefix(g, write, read, &prefix);
		for (i = g->n - 2; i >= k; i--) {
			e = &g->ev[g->by_stamp[i]];
			if (!before(&prefix, e) &&
			    !is_maximal(g, e, write, &prefix))
				break;
		}
		if (i < k)
			revisit(g, &(struct change){ read, write, &prefix });
	}
}

/* Makes items of all reads that the write, which is the last event, changes. */
static void revisits(struct graph *g, int w)
{
	const struct event *write = &g->ev[w];
	const struct event *e;
	int k;

	if (WEAK_BUG(WEAK_BUG_NO_REVISIT) && (write->traits & E_RMW))
		return;
	if (EX_UNLIKELY(g->nr_syncs)) {
		revisits_with_syncs(g, write);
		return;
	}
	for (k = g->n - 2; k >= 0; k--) {
		e = &g->ev[g->by_stamp[k]];
		if (before(&write->porf, e))
			continue;
		if (!is_maximal(g, e, write, &write->porf) &&
		    !WEAK_BUG(WEAK_BUG_ANY_DELETED))
			break;
		if ((e->traits & E_READ) && e->loc == write->loc)
			revisit(g, &(struct change){ e, write, &write->porf });
	}
}

/* ---- writes ---- */

void weak_add_write(struct graph *g, struct event *e)
{
	const struct clock *hb = graph_thread_hb(g, e->thread);
	uint32_t floor = floor_of(g, e->loc, hb);
	int n = g->n, at;

	graph_see_location(g, e->loc);
	for (at = newest(g, e->loc); at != NONE && rank_of(g, at) > floor;) {
		at = g->ev[at].mo_prev;
		if (taker(g, e->loc, at) == NONE &&
		    !WEAK_BUG(WEAK_BUG_LAST_ONLY))
			new_item(n, e)->after = at;
	}
	at = newest(g, e->loc);
	graph_append(g, e);
	graph_place(g, n, at);
	revisits(g, n);
}

/*
 * Void RMWs of one function commute: as long as all other accesses to the
 * location come before or after all of them, their order is nobody's
 * business. They are writes that read nothing then.
 */
static bool stays_apart(const struct graph *g, const struct event *e)
{
	const struct clock *hb = graph_thread_hb(g, e->thread);
	const struct event *a;
	int i;

	if (e->loc >= g->nr_locs)
		return true;
	for (i = g->mo[e->loc].last_access; i != NONE; i = a->loc_prev) {
		a = &g->ev[i];
		if (!((a->traits | e->traits) & E_VOID) || before(hb, a) ||
		    (a->traits & e->traits & E_VOID && a->op.fn == e->op.fn))
			continue;
		return false;
	}
	return true;
}

static bool learn_mixed(const struct event *e)
{
	weak_locs[e->loc].mixed = true;
	weak_lessons++;
	return false;
}

bool weak_keeps_apart(const struct graph *g, const struct event *e)
{
	return !weak_voids || weak_locs[e->loc].mixed || stays_apart(g, e) ||
	       learn_mixed(e);
}

void weak_add_void(struct graph *g, struct event *e)
{
	int n = g->n, last;

	graph_see_location(g, e->loc);
	last = newest(g, e->loc);
	e->wval = ex_rmw_result(&e->op, weak_value(g, e->loc, last));
	graph_append(g, e);
	graph_place(g, n, last);
}

bool weak_complete_rmw(struct graph *g, int read)
{
	uint16_t loc = g->ev[read].loc;
	int rf = g->ev[read].rf, w = g->n;
	bool taken = taker(g, loc, rf) != NONE;
	struct event e;

	event_init_rmw_write(g, &e, &g->ev[read]);
	graph_append(g, &e);
	if (EX_LIKELY(!taken)) {
		graph_place(g, w, rf);
		revisits(g, w);
		return true;
	}
	/* Only if the one who has taken it goes away, or reads this. */
	revisits(g, w);
	g->ev[w].traits = E_READ;
	graph_truncate(g, w);
	return false;
}
