// SPDX-License-Identifier: MIT
// Floor: 5
/* RC11 by enumeration; see rc11.h. Slow and plain on purpose. */
#include <assert.h>
#include <string.h>

#include "rc11.h"

enum {
	MAX_EVENTS = 64
};

typedef uint64_t row;
typedef row rel[MAX_EVENTS + 1]; /* the last is not used */

struct node {
	const struct t_op *op; /* NULL: initial write */
	int thread, line;
	int x; /* -1: a fence */
	bool reads, writes;
	int partner; /* RMW: the write of a read and the read of a write */
	int rf; /* of a read */
	int order;
	uint64_t rval, wval;
	int known; /* 1: being found out, 2: is */
};

static struct node nodes[MAX_EVENTS];
static int nr;
static const struct t_program *prog;
static t_end *ended;
static void *ended_data;
static long found, tried, most;

/* ---- relations ---- */

#define BIT(b) (1ull << (b))
#define HAS(r, a, b) ((r)[a] >> (b)&1)

static void r_clear(rel r)
{
	memset(r, 0, sizeof(rel));
}

static void r_union(rel to, const rel a)
{
	int i;

	for (i = 0; i < nr; i++)
		to[i] |= a[i];
}

static void r_seq(rel to, const rel a, const rel b)
{
	rel out;
	int i, j;

	for (i = 0; i < nr; i++) {
		out[i] = 0;
		for (j = 0; j < nr; j++) {
			if (HAS(a, i, j))
				out[i] |= b[j];
		}
	}
	memcpy(to, out, sizeof(row) * (size_t)nr);
}

static void r_close(rel r)
{
	int i, k;

	for (k = 0; k < nr; k++) {
		for (i = 0; i < nr; i++) {
			if (HAS(r, i, k))
				r[i] |= r[k];
		}
	}
}

static void r_reflexive(rel r)
{
	int i;

	for (i = 0; i < nr; i++)
		r[i] |= BIT(i);
}

static bool r_irreflexive(const rel r)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (HAS(r, i, i))
			return false;
	}
	return true;
}

static bool r_acyclic(const rel r)
{
	rel c;

	memcpy(c, r, sizeof(rel));
	r_close(c);
	return r_irreflexive(c);
}

/* ---- the program's events ---- */

static int add_node(const struct t_op *op, int thread, int line)
{
	struct node *n = &nodes[nr];

	assert(nr < MAX_EVENTS);

	memset(n, 0, sizeof(*n));
	n->op = op;
	n->thread = thread;
	n->line = line;
	n->x = -1;
	n->partner = -1;
	n->rf = -1;
	n->order = __ATOMIC_RELAXED;
	return nr++;
}

static void add_line(const struct t_op *op, int thread, int line)
{
	int n = add_node(op, thread, line), w;

	nodes[n].order = op->order;
	if (op->kind == EX_RCU_SYNC_BEGIN)
		nodes[n].order = __ATOMIC_SEQ_CST;
	if (op->kind >= EX_FENCE)
		return;
	nodes[n].x = op->x;
	if (op->kind == EX_STORE) {
		nodes[n].writes = true;
		nodes[n].wval = op->arg;
		nodes[n].known = 2;
		return;
	}
	nodes[n].reads = true;
	if (op->kind == EX_LOAD)
		return;
	w = add_node(op, thread, line);
	nodes[w].x = op->x;
	nodes[w].order = op->order;
	nodes[w].writes = true;
	nodes[w].partner = n;
	nodes[n].partner = w;
}

static void make_nodes(void)
{
	int x, t, i, n;

	nr = 0;
	for (x = 0; x < T_LOCS; x++) {
		n = add_node(NULL, -1, 0);
		nodes[n].x = x;
		nodes[n].writes = true;
		nodes[n].known = 2;
	}
	for (t = 0; t < prog->nr_threads; t++) {
		for (i = 0; i < t_nr_ops(prog, t); i++)
			add_line(&prog->ops[t][i], t, i);
	}
}

/* Values along rf; false: po u rf would be a circle, or it cannot be. */
static bool find_value(int n)
{
	struct node *e = &nodes[n], *w;

	if (e->known == 2)
		return true;
	if (e->known == 1)
		return false;
	e->known = 1;
	if (!e->reads) {
		if (!find_value(e->partner))
			return false;
		w = &nodes[e->partner];
		if (e->op->kind == EX_CMPXCHG) {
			e->writes = w->rval == e->op->expected;
			e->wval = e->op->arg;
		} else {
			struct ex_op op = { .size = 8,
					    .fn = e->op->fn,
					    .arg = e->op->arg };

			e->writes = true;
			e->wval = ex_rmw_result(&op, w->rval);
		}
		e->known = 2;
		return true;
	}
	w = &nodes[e->rf];
	if (!find_value(e->rf) || !w->writes)
		return false;
	e->rval = w->wval;
	e->known = 2;
	if ((e->op->flags & EX_AWAIT) && e->rval != e->op->want)
		return false;
	e->order = e->op->order;
	if (e->op->kind == EX_CMPXCHG && e->rval != e->op->expected)
		e->order = e->op->fail_order;
	return true;
}

static bool find_values(void)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (nodes[i].op && nodes[i].x >= 0 &&
		    nodes[i].op->kind != EX_STORE)
			nodes[i].known = 0;
	}
	for (i = 0; i < nr; i++) {
		if (nodes[i].x >= 0 && !find_value(i))
			return false;
	}
	return true;
}

static bool exists(int i)
{
	return nodes[i].x < 0 || nodes[i].reads || nodes[i].writes;
}

/* ---- the axioms ---- */

static bool po(int a, int b)
{
	if (!nodes[b].op || !exists(a) || !exists(b))
		return false;
	if (!nodes[a].op)
		return true;
	return nodes[a].thread == nodes[b].thread && a < b;
}

static bool is_fence(int n)
{
	return nodes[n].x < 0;
}

static bool is_sc(int n)
{
	return nodes[n].op && nodes[n].order == __ATOMIC_SEQ_CST && exists(n);
}

static void make_hb(rel hb, const rel sb, const rel rf)
{
	rel rs, from, to, sw, rmw;
	int i, j;

	/* rs = (rf; rmw)*: from a write to those of RMWs that go on from it. */
	r_clear(rmw);
	for (i = 0; i < nr; i++) {
		if (nodes[i].reads && nodes[i].partner >= 0 &&
		    nodes[nodes[i].partner].writes)
			rmw[i] |= BIT(nodes[i].partner);
	}
	r_seq(rs, rf, rmw);
	r_close(rs);
	r_reflexive(rs);
	/* sw = [rel]; ([F]; sb)?; rs; rf; [R]; (sb; [F])?; [acq] */
	r_clear(from);
	r_clear(to);
	for (i = 0; i < nr; i++) {
		if (nodes[i].op && ex_order_releases(nodes[i].order)) {
			if (nodes[i].writes)
				from[i] |= BIT(i);
			for (j = 0; is_fence(i) && j < nr; j++) {
				if (HAS(sb, i, j) && nodes[j].writes)
					from[i] |= BIT(j);
			}
		}
		if (!nodes[i].reads)
			continue;
		if (ex_order_acquires(nodes[i].order))
			to[i] |= BIT(i);
		for (j = 0; j < nr; j++) {
			if (HAS(sb, i, j) && is_fence(j) &&
			    ex_order_acquires(nodes[j].order))
				to[i] |= BIT(j);
		}
	}
	r_seq(sw, from, rs);
	r_seq(sw, sw, rf);
	r_seq(sw, sw, to);
	memcpy(hb, sb, sizeof(rel));
	r_union(hb, sw);
	r_close(hb);
}

static void make_scb(rel scb, const rel sb, const rel hb, const rel mo,
		     const rel fr)
{
	rel apart;
	int i, j;

	r_clear(apart);
	memcpy(scb, sb, sizeof(rel));
	for (i = 0; i < nr; i++) {
		for (j = 0; j < nr; j++) {
			if (HAS(sb, i, j) &&
			    (nodes[i].x != nodes[j].x || nodes[i].x < 0))
				apart[i] |= BIT(j);
			if (HAS(hb, i, j) && nodes[i].x == nodes[j].x &&
			    nodes[i].x >= 0)
				scb[i] |= BIT(j);
		}
	}
	r_union(scb, mo);
	r_union(scb, fr);
	rel path;

	r_seq(path, apart, hb);
	r_seq(path, path, apart);
	r_union(scb, path);
}

static bool psc_acyclic(const rel sb, const rel hb, const rel eco, const rel mo,
			const rel fr)
{
	rel scb, left, right, psc, part;
	int i, j;

	make_scb(scb, sb, hb, mo, fr);
	r_clear(left);
	r_clear(right);
	for (i = 0; i < nr; i++) {
		if (!is_sc(i))
			continue;
		left[i] |= BIT(i);
		right[i] |= BIT(i);
		if (!is_fence(i))
			continue;
		left[i] |= hb[i];
		for (j = 0; j < nr; j++) {
			if (HAS(hb, j, i))
				right[j] |= BIT(i);
		}
	}
	r_seq(psc, left, scb);
	r_seq(psc, psc, right);
	r_seq(part, hb, eco);
	r_seq(part, part, hb);
	r_union(part, hb);
	for (i = 0; i < nr; i++) {
		for (j = 0; j < nr; j++) {
			if (HAS(part, i, j) && is_fence(i) && is_fence(j) &&
			    is_sc(i) && is_sc(j))
				psc[i] |= BIT(j);
		}
	}
	return r_acyclic(psc);
}

/* ---- RCU ---- */

static int kind_of(int n)
{
	return nodes[n].op ? nodes[n].op->kind : EX_NONE;
}

/* Where a step into the grace period or section may end. */
static bool is_into(int node, int n, const rel sb, const rel hb)
{
	int i;

	if (kind_of(node) != EX_RCU_LOCK)
		return HAS(hb, n, node);
	for (i = 0; i < nr; i++) {
		if (HAS(sb, node, i) && kind_of(i) == EX_RCU_UNLOCK)
			return HAS(hb, n, i);
	}
	return false;
}

/*
 * Whether from this node, by steps, a circle closes at the first one that
 * has as many grace periods as sections. Walks all paths without repetition.
 */
static bool rcu_circle(int first, int at, row seen, int sum, const rel step,
		       const int *weight)
{
	int i;

	if (HAS(step, at, first) && sum >= 0)
		return true;
	for (i = 0; i < nr; i++) {
		if (HAS(step, at, i) && !HAS(&seen, 0, i) &&
		    rcu_circle(first, i, seen | BIT(i), sum + weight[i], step,
			       weight))
			return true;
	}
	return false;
}

static bool rcu_holds(const rel sb, const rel rf, const rel hb, const rel eco)
{
	int weight[MAX_EVENTS] = { 0 }, i, j, x, y, nr_sections = 0;
	rel path, porf, step, hb_any, eco_any;
	row members = 0;

	memcpy(porf, sb, sizeof(rel));
	r_union(porf, rf);
	r_close(porf);
	r_reflexive(porf);
	memcpy(hb_any, hb, sizeof(rel));
	r_reflexive(hb_any);
	memcpy(eco_any, eco, sizeof(rel));
	r_reflexive(eco_any);
	r_seq(path, hb_any, eco_any);
	r_seq(path, path, hb_any);
	for (i = 0; i < nr; i++) {
		if (kind_of(i) == EX_RCU_LOCK)
			weight[i] = -1;
		else if (kind_of(i) == EX_RCU_SYNC_BEGIN)
			weight[i] = 1;
		else if (!is_fence(i) || !is_sc(i))
			continue;
		nr_sections += weight[i] < 0;
		members |= BIT(i);
	}
	if (!nr_sections)
		return true;
	r_clear(step);
	for (i = 0; i < nr; i++) {
		for (j = 0; j < nr; j++) {
			if (i == j || !HAS(&members, 0, i) ||
			    !HAS(&members, 0, j))
				continue;
			for (x = 0; x < nr; x++) {
				for (y = 0; y < nr; y++) {
					if (HAS(hb, i, x) &&
					    is_into(j, y, sb, hb) &&
					    (HAS(path, x, y) ||
					     (weight[i] && weight[j] &&
					      HAS(porf, x, y))))
						step[i] |= BIT(j);
				}
			}
		}
	}
	for (i = 0; i < nr; i++) {
		if (HAS(&members, 0, i) &&
		    rcu_circle(i, i, BIT(i), weight[i], step, weight))
			return false;
	}
	return true;
}

static bool consistent(const rel mo)
{
	rel sb, rf, fr, hb, eco, all;
	int i, j;

	r_clear(sb);
	r_clear(rf);
	r_clear(fr);
	for (i = 0; i < nr; i++) {
		for (j = 0; j < nr; j++) {
			if (po(i, j))
				sb[i] |= BIT(j);
		}
		if (!nodes[i].reads)
			continue;
		rf[nodes[i].rf] |= BIT(i);
		fr[i] |= mo[nodes[i].rf];
	}
	memcpy(all, sb, sizeof(rel));
	r_union(all, rf);
	if (!r_acyclic(all))
		return false;
	for (i = 0; i < nr; i++) { /* atomicity */
		j = nodes[i].partner;
		if (!nodes[i].reads || j < 0 || !nodes[j].writes)
			continue;
		for (int w = 0; w < nr; w++) {
			if (HAS(fr, i, w) && HAS(mo, w, j))
				return false;
		}
	}
	make_hb(hb, sb, rf);
	memcpy(eco, rf, sizeof(rel));
	r_union(eco, mo);
	r_union(eco, fr);
	r_close(eco);
	r_seq(all, hb, eco);
	r_union(all, hb);
	if (!r_irreflexive(all))
		return false;
	return psc_acyclic(sb, hb, eco, mo, fr) && rcu_holds(sb, rf, hb, eco);
}

/* ---- all candidates ---- */

static void report(int *const last)
{
	struct t_state state;
	int i, x;

	memset(&state, 0, sizeof(state));
	for (i = 0; i < nr; i++) {
		if (nodes[i].reads && !(nodes[i].op->flags & EX_VOID))
			state.read[nodes[i].thread][nodes[i].line] =
				nodes[i].rval;
	}
	for (x = 0; x < T_LOCS; x++)
		state.memory[x] = nodes[last[x]].wval;
	ended(&state, ended_data);
}

/* Puts the writes to x, and then to the others, in each order. */
static void each_mo(int x, rel mo, row placed, int *last)
{
	bool any = false;
	row was;
	int i, saved = -1;

	if (x == T_LOCS) {
		tried++;
		if (consistent(mo)) {
			found++;
			report(last);
		}
		return;
	}
	saved = last[x];
	for (i = T_LOCS; i < nr; i++) {
		if (!nodes[i].writes || nodes[i].x != x || HAS(&placed, 0, i))
			continue;
		any = true;
		for (int j = 0; j < nr; j++) {
			if (nodes[j].x == x && nodes[j].writes &&
			    HAS(&placed, 0, j))
				mo[j] |= BIT(i);
		}
		was = placed | BIT(i);
		last[x] = i;
		each_mo(x, mo, was, last);
		last[x] = saved;
		for (int j = 0; j < nr; j++)
			mo[j] &= ~BIT(i);
	}
	if (!any)
		each_mo(x + 1, mo, placed, last);
}

static void each_rf(int n)
{
	rel mo;
	int i, last[T_LOCS];

	if (tried > most)
		return;
	while (n < nr && !nodes[n].reads)
		n++;
	if (n == nr) {
		tried++;
		if (!find_values())
			return;
		r_clear(mo);
		for (i = 0; i < T_LOCS; i++)
			last[i] = i;
		each_mo(0, mo, BIT(T_LOCS) - 1, last);
		return;
	}
	for (i = 0; i < nr; i++) {
		bool may_write =
			i < T_LOCS ||
			(nodes[i].op && nodes[i].x >= 0 && !nodes[i].reads);

		if (!may_write || nodes[i].x != nodes[n].x ||
		    i == nodes[n].partner)
			continue;
		if (nodes[i].op && nodes[i].thread == nodes[n].thread && i > n)
			continue;
		nodes[n].rf = i;
		each_rf(n + 1);
	}
}

long rc11_enumerate(const struct t_program *program, t_end *end, void *data,
		    long limit)
{
	prog = program;
	ended = end;
	ended_data = data;
	found = tried = 0;
	most = limit;
	make_nodes();
	each_rf(0);
	return tried > most ? -1 : found;
}
