// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * The axioms that coherence alone leaves. No circle of psc, which is RC11's
 * order of seq_cst accesses and fences. And LKMM's law of RCU: no circle
 * through grace periods and read sections, by psc's kind of steps, that has
 * as many grace periods as sections or more. A step into a section leads to
 * anywhere before its end, a step out of it comes from anywhere after its
 * beginning, so that passing it is going back in time.
 *
 * Only graphs with such events get here, and only after a step that is not
 * the one without a choice: an event that reads the newest write, or is
 * it, comes before no other one, so it closes no circle, unless it is in a
 * section that is still open.
 */
#include "engine_weak.h"

enum {
	MAX_NODES = 256,
	MAX_LOCS = 1024
};

/*
 * A seq_cst access or fence, a grace period or an RCU section. All but the
 * first kind are passed through: what comes before one is what happens
 * before the clock into, what comes after is what its event happens before.
 */
struct node {
	const struct event *event; /* of a section: its beginning */
	const struct event *end; /* of a section, NULL: it is open */
	const struct clock *into;
	const struct clock *porf; /* the same by po and rf */
	int weight; /* 1: a grace period, -1: a section */
	bool passed;
	bool done; /* of a grace period: it is over */
	uint8_t colour; /* 1: on the path, 2: done */
};

/* What comes after, and before, a node at each location. */
struct reach {
	uint32_t least; /* coherence key of all that happen after */
	uint32_t most; /* of all that happen before */
	uint32_t most_write; /* of the writes among these */
};

static struct node nodes[MAX_NODES] EX_STATE = {};
static int nr_nodes EX_STATE = 0, nr_sections EX_STATE = 0;
static struct reach *reaches EX_STATE = NULL; /* of nodes, by location */
static size_t reaches_room EX_STATE = 0;

static inline struct reach *reach_of(const struct graph *g, int node)
{
	return &reaches[(size_t)node * (size_t)g->nr_locs];
}

static inline bool happens_before(const struct event *a, const struct event *b)
{
	return before(&b->hb, a);
}

static void find_reach(const struct graph *g, int node)
{
	const struct node *f = &nodes[node];
	struct reach *reach = reach_of(g, node), *r;
	const struct event *a;
	uint32_t key;
	int i;

	for (i = 0; i < g->nr_locs; i++) {
		reach[i].least = UINT32_MAX;
		reach[i].most = 0;
		reach[i].most_write = 0;
	}
	for (i = 0; i < g->n; i++) {
		a = &g->ev[i];
		if (!(a->traits & (E_READ | E_WRITE)))
			continue;
		r = &reach[a->loc];
		key = coherence_key(g, a);
		if (happens_before(f->event, a) && key < r->least)
			r->least = key;
		if (!before(f->into, a))
			continue;
		if (key > r->most)
			r->most = key;
		if ((a->traits & E_WRITE) && key > r->most_write)
			r->most_write = key;
	}
}

static inline bool is_access(const struct event *e)
{
	return e->traits & (E_READ | E_WRITE);
}

/* First (last) event of a's thread after (before) it on another location. */
static int elsewhere_before(const struct graph *g, const struct event *a)
{
	int i = a->po_prev;

	while (i != NONE && is_access(&g->ev[i]) && g->ev[i].loc == a->loc)
		i = g->ev[i].po_prev;
	return i;
}

static int elsewhere_after(const struct graph *g, const struct event *a)
{
	int i, found = NONE, self = (int)(a - g->ev);

	for (i = g->threads[a->thread].last; i != self; i = g->ev[i].po_prev) {
		if (!is_access(&g->ev[i]) || g->ev[i].loc != a->loc)
			found = i;
	}
	return found;
}

/* mo or fr, or a and b are ordered accesses to the same location. */
static bool coherent_before(const struct graph *g, const struct event *a,
			    const struct event *b)
{
	if (a->loc != b->loc)
		return false;
	if (happens_before(a, b))
		return true;
	return (b->traits & E_WRITE) &&
	       coherence_key(g, a) < coherence_key(g, b);
}

static bool access_to_access(const struct graph *g, const struct event *a,
			     const struct event *b)
{
	int after, until;

	if (a->thread == b->thread)
		return a->idx < b->idx;
	if (coherent_before(g, a, b))
		return true;
	after = elsewhere_after(g, a);
	until = elsewhere_before(g, b);
	return after != NONE && until != NONE &&
	       happens_before(&g->ev[after], &g->ev[until]);
}

static bool access_to_passed(const struct graph *g, const struct event *a,
			     int node)
{
	const struct clock *into = nodes[node].into;
	const struct event *y;
	int i;

	if (into->of[a->thread] > a->idx)
		return true;
	if (coherence_key(g, a) < reach_of(g, node)[a->loc].most_write)
		return true;
	for (i = g->mo[a->loc].last_access; i != NONE; i = y->loc_prev) {
		y = &g->ev[i];
		if (y != a && happens_before(a, y) && before(into, y))
			return true;
	}
	return false;
}

static bool passed_to_access(const struct graph *g, int node,
			     const struct event *b)
{
	const struct event *f = nodes[node].event, *x;
	int i;

	if (before(graph_hb_before(g, b), f))
		return true;
	if ((b->traits & E_WRITE) &&
	    reach_of(g, node)[b->loc].least < coherence_key(g, b))
		return true;
	for (i = g->mo[b->loc].last_access; i != NONE; i = x->loc_prev) {
		x = &g->ev[i];
		if (x != b && happens_before(f, x) && happens_before(x, b))
			return true;
	}
	return false;
}

static bool passed_to_passed(const struct graph *g, int from, int to)
{
	const struct reach *a = reach_of(g, from), *b = reach_of(g, to);
	const struct event *event = nodes[from].event;
	int loc;

	if (before(nodes[to].into, event))
		return true;
	/* Between RCU's own also by po and rf, as there is no load buffering. */
	if (nodes[from].weight && nodes[to].weight &&
	    nodes[to].porf->of[event->thread] > event->idx)
		return true;
	for (loc = 0; loc < g->nr_locs; loc++) {
		if (a[loc].least < b[loc].most)
			return true;
	}
	return false;
}

static bool comes_before(const struct graph *g, int from, int to)
{
	const struct node *a = &nodes[from], *b = &nodes[to];

	if (a->passed)
		return b->passed ? passed_to_passed(g, from, to)
				 : passed_to_access(g, from, b->event);
	return b->passed ? access_to_passed(g, a->event, to)
			 : access_to_access(g, a->event, b->event);
}

/* ---- the nodes ---- */

static const struct event *end_of_section(const struct graph *g,
					  const struct event *lock)
{
	const struct event *found = NULL, *e;
	int i;

	for (i = g->threads[lock->thread].last; i != NONE; i = e->po_prev) {
		e = &g->ev[i];
		if (e == lock)
			break;
		if (e->op.kind == EX_RCU_UNLOCK)
			found = e;
	}
	return found;
}

static void init_node(const struct graph *g, struct node *node,
		      const struct event *e)
{
	const struct event *until = e;
	int last = g->threads[e->thread].last;

	node->event = e;
	node->end = NULL;
	node->weight = 0;
	node->passed = e->traits & E_SC_FENCE;
	node->colour = 0;
	node->done = false;
	if (e->op.kind == EX_RCU_LOCK) {
		node->weight = -1;
		node->passed = true;
		node->end = end_of_section(g, e);
		until = node->end ? node->end : &g->ev[last];
		nr_sections++;
	} else if (e->op.kind == EX_RCU_SYNC_BEGIN) {
		node->weight = 1;
		node->done = &g->ev[last] != e;
	}
	node->into = &until->hb;
	node->porf = &until->porf;
}

static bool find_nodes(const struct graph *g)
{
	const struct event *e;
	size_t room;
	int i;

	nr_nodes = 0;
	nr_sections = 0;
	for (i = 0; i < g->n; i++) {
		e = &g->ev[i];
		if (!event_is_ordered(e))
			continue;
		if (nr_nodes == MAX_NODES) {
			ex_fail(EX_LIMIT,
				"more than %d seq_cst operations in weak",
				MAX_NODES);
			return false;
		}
		init_node(g, &nodes[nr_nodes++], e);
	}
	room = (size_t)nr_nodes * (size_t)g->nr_locs;
	if (reaches_room < room) {
		reaches_room = room * 2;
		reaches = ex_alloc(sizeof(*reaches) * reaches_room);
	}
	for (i = 0; i < nr_nodes; i++) {
		if (nodes[i].passed)
			find_reach(g, i);
	}
	return true;
}

/* ---- circles without sections: none at all ---- */

static bool on_circle(const struct graph *g, int node)
{
	int next;

	nodes[node].colour = 1;
	for (next = 0; next < nr_nodes; next++) {
		if (next == node || nodes[next].colour == 2 ||
		    !comes_before(g, node, next))
			continue;
		if (nodes[next].colour == 1 || on_circle(g, next))
			return true;
	}
	nodes[node].colour = 2;
	return false;
}

/* ---- circles with sections: fewer grace periods than sections ---- */

enum {
	NO_PATH = -MAX_NODES * 2
};

/* The most that a path weighs, both ends included; of two nodes at least. */
static int16_t paths[MAX_NODES][MAX_NODES] EX_STATE = {};

static void find_paths(const struct graph *g)
{
	int i, j, k, sum;

	for (i = 0; i < nr_nodes; i++) {
		for (j = 0; j < nr_nodes; j++) {
			paths[i][j] = NO_PATH;
			if (i != j && comes_before(g, i, j))
				paths[i][j] = (int16_t)(nodes[i].weight +
							nodes[j].weight);
		}
	}
	for (k = 0; k < nr_nodes; k++) {
		for (i = 0; i < nr_nodes; i++) {
			if (paths[i][k] == NO_PATH)
				continue;
			for (j = 0; j < nr_nodes; j++) {
				sum = paths[i][k] + paths[k][j] -
				      nodes[k].weight;
				if (paths[k][j] != NO_PATH && sum > paths[i][j])
					paths[i][j] =
						(int16_t)(sum < nr_nodes
								  ? sum
								  : nr_nodes);
			}
		}
	}
}

/* Whether the grace period has to wait for the section's end. */
static bool waits_for(int sync, int section)
{
	return nodes[sync].weight > 0 && nodes[section].weight < 0 &&
	       paths[section][sync] != NO_PATH && paths[section][sync] >= 0;
}

static bool rcu_consistent(const struct graph *g)
{
	int i, j;

	find_paths(g);
	for (i = 0; i < nr_nodes; i++) {
		/* An end of a path that is a circle was counted twice. */
		if (paths[i][i] != NO_PATH && paths[i][i] >= nodes[i].weight)
			return false;
		for (j = 0; j < nr_nodes; j++) {
			if (nodes[i].done && !nodes[j].end && waits_for(i, j))
				return false;
		}
	}
	return true;
}

bool weak_consistent(const struct graph *g)
{
	int i;

	if (EX_LIKELY(g->nr_sc < 2) || WEAK_BUG(WEAK_BUG_NO_PSC))
		return true;
	if (!find_nodes(g))
		return true;
	if (nr_sections)
		return rcu_consistent(g);
	for (i = 0; i < nr_nodes; i++) {
		if (!nodes[i].colour && on_circle(g, i))
			return false;
	}
	return true;
}

bool weak_sync_waits(const struct graph *g, int thread, struct clock *ends)
{
	int sync, i;

	*ends = weak_zero_clock;
	if (!find_nodes(g) || !nr_sections)
		return false;
	find_paths(g);
	for (sync = nr_nodes - 1; sync >= 0; sync--) {
		if (nodes[sync].event == &g->ev[g->threads[thread].last])
			break;
	}
	for (i = 0; sync >= 0 && i < nr_nodes; i++) {
		if (!waits_for(sync, i))
			continue;
		if (!nodes[i].end)
			return true;
		if (nodes[i].end->idx > ends->of[nodes[i].end->thread])
			ends->of[nodes[i].end->thread] = nodes[i].end->idx;
	}
	return false;
}
