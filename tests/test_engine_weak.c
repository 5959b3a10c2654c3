// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * The weak-memory engine: the shapes of the literature, counts of
 * executions, and random programs against RC11 by enumeration (rc11.h).
 */
#include "test.h"

#include <pagesim/compiler.h>

#include "../explore/engine_weak.h"
#include "explore_litmus.h"
#include "rc11.h"

/* ---- shapes ---- */

struct shape {
	const char *name;
	const char *program;
	const char *outcome;
	bool allowed;
};

/* Without order, with each kind of it, and with what is just too little. */
static const struct shape shapes[] = {
	{ "SB", "Wx1 Ry | Wy1 Rx", "0.1=0 1.1=0", true },
	{ "SB rel acq", "Wx1.r Ry.a | Wy1.r Rx.a", "0.1=0 1.1=0", true },
	{ "SB ar fences", "Wx1 F.ar Ry | Wy1 F.ar Rx", "0.2=0 1.2=0", true },
	{ "SB one fence", "Wx1 F.sc Ry | Wy1 Rx", "0.2=0 1.1=0", true },
	{ "SB fences", "Wx1 F.sc Ry | Wy1 F.sc Rx", "0.2=0 1.2=0", false },
	{ "SB sc", "Wx1.sc Ry.sc | Wy1.sc Rx.sc", "0.1=0 1.1=0", false },
	{ "SB sc and fence", "Wx1.sc Ry.sc | Wy1 F.sc Rx", "0.1=0 1.2=0",
	  false },
	{ "SB half sc", "Wx1.sc Ry | Wy1.sc Rx.sc", "0.1=0 1.1=0", true },
	{ "SB rmw", "Wx1 Az1.ar Ry | Wy1 Az1.ar Rx", "0.2=0 1.2=0", false },
	{ "SB rmw apart", "Wx1 Az1.sc Ry | Wy1 Aw1.sc Rx", "0.2=0 1.2=0",
	  true },
	{ "MP", "Wx1 Wy1 | Ry Rx", "1.0=1 1.1=0", true },
	{ "MP rel", "Wx1 Wy1.r | Ry Rx", "1.0=1 1.1=0", true },
	{ "MP acq", "Wx1 Wy1 | Ry.a Rx", "1.0=1 1.1=0", true },
	{ "MP rel acq", "Wx1 Wy1.r | Ry.a Rx", "1.0=1 1.1=0", false },
	{ "MP fences", "Wx1 F.r Wy1 | Ry F.a Rx", "1.0=1 1.2=0", false },
	{ "MP no rel", "Wx1 F.a Wy1 | Ry F.a Rx", "1.0=1 1.2=0", true },
	{ "MP no acq", "Wx1 F.r Wy1 | Ry F.r Rx", "1.0=1 1.2=0", true },
	{ "MP rel, fence", "Wx1 Wy1.r | Ry F.a Rx", "1.0=1 1.2=0", false },
	{ "MP fence, acq", "Wx1 F.r Wy1 | Ry.a Rx", "1.0=1 1.1=0", false },
	{ "MP sc", "Wx1.sc Wy1.sc | Ry.sc Rx.sc", "1.0=1 1.1=0", false },
	{ "MP sc fence", "Wx1 F.sc Wy1 | Ry F.sc Rx", "1.0=1 1.2=0", false },
	{ "MP failed cas", "Wx1 Wy1.r | Cy02.ar Rx", "1.0=1 1.1=0", true },
	{ "MP failed acq", "Wx1 Wy1.r | Cy02/.a Rx", "1.0=1 1.1=0", false },
	{ "MP cas", "Wx1 Wy1.r | Cy12.ar Rx", "1.0=1 1.1=0", false },
	{ "MP chain", "Wx1 Wy1.r | Ay1 | Ry.a Rx", "2.0=2 1.0=1 2.1=0", false },
	{ "MP cut chain", "Wx1 Wy1.r | Ry Wy2 | Ry.a Rx", "2.0=2 1.0=1 2.1=0",
	  true },
	{ "MP later", "Wx1 Wy1.r Wy2 | Ry.a Rx", "1.0=2 1.1=0", true },
	{ "LB", "Rx Wy1 | Ry Wx1", "0.0=1 1.0=1", false },
	{ "LB fences", "Rx F.sc Wy1 | Ry F.sc Wx1", "0.0=1 1.0=1", false },
	{ "WRC", "Wx1 | Rx Wy1 | Ry Rx", "1.0=1 2.0=1 2.1=0", true },
	{ "WRC rel acq", "Wx1.r | Rx.a Wy1.r | Ry.a Rx", "1.0=1 2.0=1 2.1=0",
	  false },
	{ "WRC relaxed first", "Wx1 | Rx Wy1.r | Ry.a Rx", "1.0=1 2.0=1 2.1=0",
	  false },
	{ "WRC no rel", "Wx1.r | Rx.a Wy1 | Ry.a Rx", "1.0=1 2.0=1 2.1=0",
	  true },
	{ "WRC fences", "Wx1 | Rx F.ar Wy1 | Ry F.a Rx", "1.0=1 2.0=1 2.2=0",
	  false },
	{ "IRIW", "Wx1 | Wy1 | Rx Ry | Ry Rx", "2.0=1 2.1=0 3.0=1 3.1=0",
	  true },
	{ "IRIW acq", "Wx1.r | Wy1.r | Rx.a Ry.a | Ry.a Rx.a",
	  "2.0=1 2.1=0 3.0=1 3.1=0", true },
	{ "IRIW sc", "Wx1.sc | Wy1.sc | Rx.sc Ry.sc | Ry.sc Rx.sc",
	  "2.0=1 2.1=0 3.0=1 3.1=0", false },
	{ "IRIW fences", "Wx1 | Wy1 | Rx F.sc Ry | Ry F.sc Rx",
	  "2.0=1 2.2=0 3.0=1 3.2=0", false },
	{ "IRIW sc acq", "Wx1.sc | Wy1.sc | Rx.a Ry.sc | Ry.a Rx.sc",
	  "2.0=1 2.1=0 3.0=1 3.1=0", true },
	{ "2+2W", "Wx1 Wy2 | Wy1 Wx2", "x=1 y=1", true },
	{ "2+2W rel", "Wx1.r Wy2.r | Wy1.r Wx2.r", "x=1 y=1", true },
	{ "2+2W fences", "Wx1 F.sc Wy2 | Wy1 F.sc Wx2", "x=1 y=1", false },
	{ "2+2W ar fences", "Wx1 F.ar Wy2 | Wy1 F.ar Wx2", "x=1 y=1", true },
	{ "2+2W sc", "Wx1.sc Wy2.sc | Wy1.sc Wx2.sc", "x=1 y=1", false },
	{ "R", "Wx1 Wy1 | Wy2 Rx", "y=2 1.1=0", true },
	{ "R fences", "Wx1 F.sc Wy1 | Wy2 F.sc Rx", "y=2 1.2=0", false },
	{ "R one fence", "Wx1 F.sc Wy1 | Wy2 F.ar Rx", "y=2 1.2=0", true },
	{ "R sc", "Wx1.sc Wy1.sc | Wy2.sc Rx.sc", "y=2 1.1=0", false },
	{ "S", "Wx2 Wy1 | Ry Wx1", "1.0=1 x=2", true },
	{ "S rel acq", "Wx2 Wy1.r | Ry.a Wx1", "1.0=1 x=2", false },
	{ "S fences", "Wx2 F.r Wy1 | Ry F.a Wx1", "1.0=1 x=2", false },
	{ "S no rel", "Wx2 Wy1 | Ry.a Wx1", "1.0=1 x=2", true },
	{ "CoRR", "Wx1 | Rx Rx", "1.0=1 1.1=0", false },
	{ "CoRR two", "Wx1 | Wx2 | Rx Rx | Rx Rx", "2.0=1 2.1=2 3.0=2 3.1=1",
	  false },
	{ "CoWW", "Wx1 Wx2", "x=1", false },
	{ "CoRW", "Rx Wx1 | Wx2", "0.0=2 x=2", false },
	{ "CoWR", "Wx1 Rx | Wx2", "0.1=2 x=1", false },
	{ "CoWR other", "Wx1 Rx | Wx2", "0.1=2 x=2", true },
	{ "ISA2", "Wx1 Wy1 | Ry Wz1 | Rz Rx", "1.0=1 2.0=1 2.1=0", true },
	{ "ISA2 rel acq", "Wx1 Wy1.r | Ry.a Wz1.r | Rz.a Rx",
	  "1.0=1 2.0=1 2.1=0", false },
	{ "ISA2 no acq", "Wx1 Wy1.r | Ry Wz1.r | Rz.a Rx", "1.0=1 2.0=1 2.1=0",
	  true },
	{ "ISA2 fences", "Wx1 F.r Wy1 | Ry F.ar Wz1 | Rz F.a Rx",
	  "1.0=1 2.0=1 2.2=0", false },
	{ "RWC", "Wx1 | Rx Ry | Wy1 Rx", "1.0=1 1.1=0 2.1=0", true },
	{ "RWC fences", "Wx1 | Rx F.sc Ry | Wy1 F.sc Rx", "1.0=1 1.2=0 2.2=0",
	  false },
	{ "RWC acq", "Wx1 | Rx.a Ry | Wy1 F.sc Rx", "1.0=1 1.1=0 2.2=0", true },
	{ "RWC sc", "Wx1.sc | Rx.sc Ry.sc | Wy1.sc Rx.sc", "1.0=1 1.1=0 2.1=0",
	  false },
	{ "W+RWC", "Wx1 Wy1.r | Ry.a Rz | Wz1 F.sc Rx", "1.0=1 1.1=0 2.2=0",
	  true },
	{ "Z6", "Wx1 Wy1 | Wy2 Wz1 | Rz Rx", "2.0=1 y=2 2.1=0", true },
	{ "Z6 fences", "Wx1 F.sc Wy1 | Wy2 F.sc Wz1 | Rz F.sc Rx",
	  "2.0=1 y=2 2.2=0", false },
	{ "stale", "Wx1 Wx2 Wx3 Wx4 Wx5 Wy1 | Ry Rx", "1.0=1 1.1=0", true },
	{ "late store first", "Wx1 Ry | Wy1 Wx2", "x=1 0.1=1", true },
	{ "two rmws", "Ax1 | Ax1", "x=1", false },
	{ "rmw between", "Cx01 | Wx2", "0.0=0 x=1", false },
};

/*
 * RCU by LKMM's law, S being a grace period; rc11.c counts the same way.
 * Readers' sections, unlike fences, order nothing by themselves.
 */
static const struct shape rcu_shapes[] = {
	{ "publish", "L Ry Rx U | Wx1 S Wy1", "0.1=1 0.2=0", false },
	{ "unpublish", "L Rx Ry U | Wx1 S Wy1", "0.1=0 0.2=1", false },
	{ "unpublish, early", "L Rx Ry U | Wx1 Wy1", "0.1=0 0.2=1", true },
	{ "no section", "Rx Ry | Wx1 S Wy1", "0.0=0 0.1=1", true },
	{ "two sections", "L Rx U L Ry U | Wx1 S Wy1", "0.1=0 0.4=1", true },
	{ "in a section", "L Wx1 Ry U | Wy1 S Rx", "0.2=0 1.3=0", false },
	{ "one sync, two readers", "L Rx Wy1 U | L Ry Wz1 U | Rz S Wx1",
	  "0.1=1 1.1=1 2.0=1", false },
	{ "one sync, two writers", "L Wx1 Ry U | L Wy1 Rz U | Wz1 S Rx",
	  "0.2=0 1.2=0 2.3=0", true },
	{ "two syncs, two readers",
	  "L Wx1 Ry U | Wy1 S Rz | L Wz1 Rw U | "
	  "Ww1 S Rx",
	  "0.2=0 1.3=0 2.2=0 3.3=0", false },
	{ "sync is a barrier", "Wx1 S Ry | Wy1 F.sc Rx", "0.3=0 1.2=0", false },
	{ "late reader", "L Rx Ry U | Wx1 S Wy1", "0.1=1 0.2=0", true },
	{ "a third one", "L Rx Ry U | Wx1 S Wy1 | Ry", "0.1=0 0.2=0 2.0=1",
	  true },
	{ "a third one late", "Ry | L Rx Ry U | Wx1 S Wy1", "0.0=1 1.1=0 1.2=0",
	  true },
	{ "by a third one", "L Rx Rz U | Wx1 S Wy1 | Ry.a Wz1.r",
	  "0.1=0 0.2=1 2.0=1", false },
};

/* Who waits for an old value does not get it against the fences. */
static const struct shape waiting_shapes[] = {
	{ "SB", "Wx1 Ry?0 | Wy1 Rx", "0.1=0 1.1=0", true },
	{ "SB fences", "Wx1 F.sc Ry?0 | Wy1 F.sc Rx", "0.2=0 1.2=0", false },
	{ "MP", "Wx1 Wy1 | Ry?1 Rx", "1.0=1 1.1=0", true },
	{ "MP rel acq", "Wx1 Wy1.r | Ry?1.a Rx", "1.0=1 1.1=0", false },
	{ "lock", "Ax1?0.a Ay1 Wx0.r | Ax1?0.a Ay1 Wx0.r", "y=2", true },
	{ "lock, lost", "Ax1?0.a Ay1 Wx0.r | Ax1?0.a Ay1 Wx0.r", "y=1", false },
};

/*
 * The kernel's RMWs: with a result fully ordered, if they succeed. The sets
 * are those of GUP-fast against clearing PG_anon_exclusive: a PTE x, a
 * count y of pins.
 */
static const struct shape kernel_shapes[] = {
	{ "SB", "Wx1 Az1.sc Ry | Wy1 Aw1.sc Rx", "0.2=0 1.2=0", false },
	{ "SB one", "Wx1 Az1.sc Ry | Wy1 Aw1.ar Rx", "0.2=0 1.2=0", true },
	{ "SB fence", "Wx1 Az1.sc Ry | Wy1 F.sc Rx", "0.2=0 1.2=0", false },
	{ "SB failed", "Wx1 Cz12.sc Ry | Wy1 F.sc Rx", "0.2=0 1.2=0", true },
	{ "SB itself", "Ax1.sc Ry | Ay1.sc Rx", "0.1=0 1.1=0", false },
	{ "MP", "Wx1 Az1.sc Wy1 | Ry Aw1.sc Rx", "1.0=1 1.2=0", false },
	{ "MP failed", "Wx1 Wy1.r | Cy02.sc Rx", "1.0=1 1.1=0", true },
	{ "IRIW", "Wx1 | Wy1 | Rx Az1.sc Ry | Ry Aw1.sc Rx",
	  "2.0=1 2.2=0 3.0=1 3.2=0", false },
	{ "pin", "Xx1.sc Ry | Rx Vy F.sc Rx", "0.1=0 1.3=0", false },
	{ "pin, no mb1", "Xx1 Ry | Rx Vy F.sc Rx", "0.1=0 1.3=0", true },
	{ "pin, no mb3", "Xx1.sc Ry | Rx Vy Rx", "0.1=0 1.2=0", true },
	{ "unlock lock", "Kz Wx1 Qz Kw Wy1 | Ry.a Rx", "1.0=1 1.1=0", false },
	{ "unlock lock, after", "Kz Qz Wx1 Kw Wy1 | Ry.a Rx", "1.0=1 1.1=0",
	  true },
	{ "lock", "Wx1 Kz Wy1 Qz | Ry.a Rx", "1.0=1 1.1=0", true },
	{ "two locks", "Kz Wx1 Kw Wy1 Qw | Ry.a Rx", "1.0=1 1.1=0", true },
	{ "unlock lock lock", "Kz Wx1 Qz Kz Kw Wy1 | Ry.a Rx", "1.0=1 1.1=0",
	  false },
	{ "unlock lock reads", "Wx1 Wy1.r | Kz Ry Qz Kz Rx", "1.1=1 1.4=0",
	  false },
	{ "lock reads", "Wx1 Wy1.r | Ry Kz Rx Qz", "1.0=1 1.2=0", true },
	{ "unlock lock SB", "Kz Wx1 Qz Kz Ry Qz | Wy1 F.sc Rx", "0.4=0 1.2=0",
	  true },
	{ "unlock, other's lock", "Kz Wx1 Qz | Kz Rx Wy1 Qz | Ry.a Rx",
	  "1.1=1 2.0=1 2.1=0", false },
	{ "other's other lock", "Kz Wx1 Qz | Kw Rx Wy1 Qw | Ry.a Rx",
	  "1.1=1 2.0=1 2.1=0", true },
};

static bool count_matches(const struct t_state *state, void *data)
{
	struct seen {
		const char *outcome;
		long nr;
	} *seen = data;

	seen->nr += litmus_matches(seen->outcome, state);
	return true;
}

static void check_shapes(const struct shape *shape, size_t nr, bool rc11)
{
	struct ex_result result;
	struct t_program program;
	struct {
		const char *outcome;
		long nr;
	} seen, want;
	long executions;

	for (; nr--; shape++) {
		litmus_parse(shape->program, &program);
		seen.outcome = want.outcome = shape->outcome;
		seen.nr = want.nr = 0;
		t_explore(ex_engine_weak, &program, count_matches, &seen,
			  &result);
		if (result.verdict != EX_CLEAN || !seen.nr != !shape->allowed)
			fail_msg("%s: %s, seen %ld times, verdict %d: %s",
				 shape->name, shape->outcome, seen.nr,
				 result.verdict, result.text);
		if (!rc11)
			continue;
		executions =
			rc11_enumerate(&program, count_matches, &want, 1000000);
		if ((long)result.executions != executions || seen.nr != want.nr)
			fail_msg("%s: %ld of %ld, RC11 says %ld of %ld",
				 shape->name, seen.nr, (long)result.executions,
				 want.nr, executions);
		assert_int_equal(result.blocked, 0);
	}
}

static void test_shapes(void **state)
{
	(void)state;
	check_shapes(shapes, ARRAY_SIZE(shapes), true);
}

static void test_rcu(void **state)
{
	(void)state;
	check_shapes(rcu_shapes, ARRAY_SIZE(rcu_shapes), true);
}

static void test_waiting(void **state)
{
	(void)state;
	t_ignore_deadlocks = true;
	check_shapes(waiting_shapes, ARRAY_SIZE(waiting_shapes), false);
	t_ignore_deadlocks = false;
}

static void test_kernel(void **state)
{
	(void)state;
	ex_options.kernel = true;
	check_shapes(kernel_shapes, ARRAY_SIZE(kernel_shapes), false);
	ex_options.kernel = false;
}

/* ---- counts ---- */

static bool nothing(const struct t_state *state, void *data)
{
	(void)state;
	(void)data;
	return true;
}

static void expect_executions(const char *text, uint64_t executions)
{
	struct ex_result result;
	struct t_program program;

	litmus_parse(text, &program);
	t_explore(ex_engine_weak, &program, nothing, NULL, &result);
	assert_int_equal(result.verdict, EX_CLEAN);
	assert_int_equal(result.executions, executions);
	assert_int_equal(result.blocked, 0);
}

/* As many as there are orders of n times m additions: none twice. */
static void test_counts(void **state)
{
	(void)state;
	expect_executions("Ax1 Ax1 | Ax1 Ax1 | Ax1 Ax1", 90);
	expect_executions("Ax1 Ax1 | Ax1 Ax1 | Ax1 Ax1 | Ax1 Ax1", 2520);
	expect_executions("Ax1 Ax1 Ax1 | Ax1 Ax1 Ax1 | Ax1 Ax1 Ax1", 1680);
	expect_executions("Vx Vx Vx | Vx Vx Vx | Vx Vx Vx | Vx Vx Vx", 1);
	expect_executions("Vx Ox4 | Vx", 3); /* these two do not commute */
	expect_executions("Vx | Vx | Rx", 6); /* nor does a read */
	if (scaled(10) == 10)
		expect_executions("Ax1 Ax1 Ax1 | Ax1 Ax1 Ax1 | Ax1 Ax1 Ax1 | "
				  "Ax1 Ax1 Ax1",
				  369600);
}

/* ---- random programs ---- */

static uint32_t seed;

static unsigned int any(unsigned int nr)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % nr;
}

static const uint8_t read_orders[] = { __ATOMIC_RELAXED, __ATOMIC_ACQUIRE,
				       __ATOMIC_SEQ_CST };
static const uint8_t write_orders[] = { __ATOMIC_RELAXED, __ATOMIC_RELEASE,
					__ATOMIC_SEQ_CST };
static const uint8_t rmw_orders[] = { __ATOMIC_RELAXED, __ATOMIC_ACQUIRE,
				      __ATOMIC_RELEASE, __ATOMIC_ACQ_REL,
				      __ATOMIC_SEQ_CST };
static const uint8_t fence_orders[] = { __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE,
					__ATOMIC_RELEASE, __ATOMIC_ACQ_REL,
					__ATOMIC_SEQ_CST };

static bool with_rcu, with_void;

static void random_op(struct t_op *op, unsigned int nr_locs, bool awaits)
{
	static const uint8_t kinds[] = { EX_LOAD,   EX_LOAD,  EX_LOAD,
					 EX_STORE,  EX_STORE, EX_STORE,
					 EX_FENCE,  EX_RMW,   EX_CMPXCHG,
					 EX_CMPXCHG };

	op->kind = kinds[any(sizeof(kinds))];
	op->x = (uint8_t)any(nr_locs);
	op->arg = 1 + any(3);
	op->expected = any(3);
	op->fn = any(2) ? EX_FN_ADD : EX_FN_XCHG;
	op->fail_order = read_orders[any(3)];
	if (op->kind == EX_LOAD)
		op->order = read_orders[any(3)];
	else if (op->kind == EX_STORE)
		op->order = write_orders[any(3)];
	else if (op->kind == EX_FENCE)
		op->order = fence_orders[any(5)];
	else
		op->order = rmw_orders[any(5)];
	if (with_void && op->kind == EX_RMW) {
		op->fn = any(3) ? EX_FN_ADD : EX_FN_OR;
		op->order = __ATOMIC_RELAXED;
		op->flags = EX_VOID;
	}
	if (awaits && any(3) == 0 &&
	    (op->kind == EX_LOAD || op->kind == EX_RMW)) {
		op->flags = EX_AWAIT;
		op->want = (uint8_t)any(3);
	}
}

/* Threads with a section around some of the lines, or a grace period. */
static void random_rcu_program(struct t_program *program)
{
	unsigned int nr_locs = 2 + any(2), nr, from, i;
	struct t_op *op;
	int t;

	memset(program, 0, sizeof(*program));
	program->nr_threads = 2 + (int)any(2);
	for (t = 0; t < program->nr_threads; t++) {
		op = program->ops[t];
		nr = 2 + any(2);
		from = any(nr);
		for (i = 0; i < nr; i++) {
			if (t == 1 && i == 1) {
				op++->kind = EX_RCU_SYNC_BEGIN;
				op++->kind = EX_RCU_SYNC_END;
			} else if (t != 1 && i == from) {
				op++->kind = EX_RCU_LOCK;
			}
			random_op(op, nr_locs, false);
			/* RCU and seq_cst accesses: no text says how. */
			if (op->kind != EX_FENCE &&
			    op->order == __ATOMIC_SEQ_CST)
				op->order = __ATOMIC_RELAXED;
			if (op->fail_order == __ATOMIC_SEQ_CST)
				op->fail_order = __ATOMIC_RELAXED;
			op++;
		}
		if (t != 1)
			op->kind = EX_RCU_UNLOCK;
	}
}

static void random_program(struct t_program *program, bool awaits)
{
	static const unsigned int more[] = { 4, 3, 2 };
	unsigned int nr_locs = 1 + any(3), nr;
	int t;

	if (with_rcu) {
		random_rcu_program(program);
		return;
	}

	memset(program, 0, sizeof(*program));
	program->nr_threads = 2 + (int)any(3);
	for (t = 0; t < program->nr_threads; t++) {
		nr = 2 + any(more[program->nr_threads - 2]);
		while (nr--)
			random_op(&program->ops[t][nr], nr_locs, awaits);
	}
}

struct states {
	struct t_state *states;
	size_t nr, room;
};

static bool keep(const struct t_state *state, void *data)
{
	struct states *states = data;

	if (states->nr == states->room) {
		states->room = states->room ? states->room * 2 : 64;
		states->states =
			realloc(states->states, states->room * sizeof(*state));
		assert_non_null(states->states);
	}
	states->states[states->nr++] = *state;
	return true;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct t_state));
}

static void sort(struct states *states)
{
	if (states->nr)
		qsort(states->states, states->nr, sizeof(struct t_state),
		      compare);
}

/* Of executions with the same end one stays. */
static void drop_equal(struct states *states)
{
	size_t i, kept = 0;

	for (i = 0; i < states->nr; i++) {
		if (!kept ||
		    compare(&states->states[kept - 1], &states->states[i]))
			states->states[kept++] = states->states[i];
	}
	states->nr = kept;
}

/*
 * 1: the engine sees each execution of RC11 just once, 0: it does not, -1:
 * there are too many to enumerate.
 */
static int agrees(const struct t_program *program)
{
	struct states want = { 0 }, seen = { 0 };
	struct ex_result result;
	int same = -1;

	if (rc11_enumerate(program, keep, &want, 3000) >= 0) {
		t_explore(ex_engine_weak, program, keep, &seen, &result);
		sort(&want);
		sort(&seen);
		if (with_void) {
			drop_equal(&want);
			drop_equal(&seen);
		}
		same = result.verdict == EX_CLEAN && want.nr == seen.nr &&
		       (!want.nr || !memcmp(want.states, seen.states,
					    want.nr * sizeof(struct t_state)));
	}
	free(want.states);
	free(seen.states);
	return same;
}

/* Of so many programs, or until there are more wrong ones than most. */
static unsigned long nr_disagreeing(unsigned long programs, bool awaits,
				    unsigned long most)
{
	struct t_program program;
	unsigned long wrong = 0, done = 0;
	uint32_t next = awaits ? 1u << 20 : 1;
	int same;

	t_ignore_deadlocks = true;
	while (done < programs && wrong <= most) {
		seed = next++ * 7919;
		random_program(&program, awaits);
		same = agrees(&program);
		if (same == 0 && !weak_bug)
			print_message("program %u differs\n", next - 1);
		wrong += same == 0;
		done += same >= 0;
	}
	t_ignore_deadlocks = false;
	return wrong;
}

static void test_random(void **state)
{
	(void)state;
	assert_int_equal(nr_disagreeing(scaled(500), false, 3), 0);
}

static void test_random_awaits(void **state)
{
	(void)state;
	assert_int_equal(nr_disagreeing(scaled(300), true, 3), 0);
}

static void test_random_rcu(void **state)
{
	(void)state;
	with_rcu = true;
	assert_int_equal(nr_disagreeing(scaled(500), false, 3), 0);
	with_rcu = false;
}

/* Fewer executions than RC11 has, with the same ends. */
static void test_random_void(void **state)
{
	(void)state;
	with_void = true;
	assert_int_equal(nr_disagreeing(scaled(300), false, 3), 0);
	with_void = false;
}

/* Each is a reduction that looks right and loses executions, or adds some. */
static void test_planted(void **state)
{
	int bug;

	(void)state;
	for (bug = 1; bug < WEAK_BUGS; bug++) {
		weak_bug = bug;
		if (!nr_disagreeing(200, false, 0))
			fail_msg("mistake %d is not found", bug);
	}
	weak_bug = 0;
}

/* ---- what is only learnt on the way ---- */

/*
 * A location, and then a part of it by somebody who may spin there: the
 * search begins again, and is not over. What is learnt of the location stays.
 */
static void test_sizes_of_who_spins(void **state)
{
	struct ex_result result;
	struct t_program program;

	(void)state;
	litmus_parse("Wz1 | Ry Rz", &program);
	program.ops[1][1].size = 4;
	program.ops[1][1].spins = true;
	t_explore(ex_engine_weak, &program, nothing, NULL, &result);
	assert_int_equal(result.verdict, EX_CLEAN);
	assert_int_equal(result.executions, 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_rcu),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_awaits),
		cmocka_unit_test(test_random_rcu),
		cmocka_unit_test(test_random_void),
		cmocka_unit_test(test_planted),
		cmocka_unit_test(test_sizes_of_who_spins),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
