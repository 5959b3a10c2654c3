// SPDX-License-Identifier: MIT
// Floor: 5
/* Each rule of order with one that must be reported and its silent twin. */
#include "lockdep_locks.h"

/* ---- between classes ---- */

static void a_bh_then_b(void)
{
	spin_lock_bh(&a);
	take(&b);
	spin_unlock_bh(&a);
}

static void test_safe_to_unsafe(void **state)
{
	struct expected_report expected;

	(void)state;
	in_a_softirq(&a, NULL);
	take(&b);
	expect_in(
		&expected,
		"WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected: &a -> &b",
		a_bh_then_b());
	assert_non_null(strstr(expected.console, "{IN-SOFTIRQ-W}"));
	assert_non_null(strstr(expected.console, "{SOFTIRQ-ON-W}"));
	a_bh_then_b();
}

static void test_safe_to_safe(void **state)
{
	(void)state;
	in_a_softirq(&a, NULL);
	take_bh(&b);
	a_bh_then_b();
}

/* d is over a which is safe; c is under b and unsafe. */
static void test_safe_to_unsafe_from_afar(void **state)
{
	(void)state;
	in_a_softirq(&d, NULL);
	local_bh_disable();
	take_two(&d, &a);
	local_bh_enable();
	take_two(&b, &c);
	local_bh_disable();
	expect("SOFTIRQ-safe -> SOFTIRQ-unsafe", take_two(&a, &b));
	local_bh_enable();
}

static void test_hardirq_safe_to_unsafe(void **state)
{
	(void)state;
	on_each_cpu(interrupt_takes, &a, true);
	take_bh(&b);
	local_irq_disable();
	expect("WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected",
	       take_two(&a, &b));
	local_irq_enable();
}

/* The order was there first, the softirq comes later: searched forward. */
static void test_inversion_by_a_softirq(void **state)
{
	(void)state;
	take(&b);
	a_bh_then_b();
	expect("WARNING: possible irq lock inversion dependency detected: &a {IN-SOFTIRQ-W}, &b {SOFTIRQ-ON-W}",
	       in_a_softirq(&a, NULL));
}

/* And the task: searched backward. */
static void test_inversion_by_a_task(void **state)
{
	(void)state;
	in_a_softirq(&a, NULL);
	a_bh_then_b();
	expect("WARNING: possible irq lock inversion dependency detected: &b {SOFTIRQ-ON-W}, &a {IN-SOFTIRQ-W}",
	       take(&b));
}

static void test_no_inversion(void **state)
{
	(void)state;
	a_bh_then_b();
	in_a_softirq(&a, NULL);
	in_a_softirq(&a, &b);
	take_bh(&b);
}

static void test_ab_ba(void **state)
{
	struct expected_report expected;

	(void)state;
	take_two(&a, &b);
	expect_in(
		&expected,
		"WARNING: possible circular locking dependency detected: &b -> &a",
		take_two(&b, &a));
	assert_non_null(strstr(expected.console, "-> &b at "));
	assert_non_null(strstr(expected.console, "under &a, held since"));
	assert_non_null(strstr(expected.console, "1 lock held by main/0"));
	take_two(&b, &a);
	take_two(&a, &b);
}

static void test_one_order(void **state)
{
	(void)state;
	take_two(&a, &b);
	take_two(&b, &c);
	take_two(&a, &c);
	take_two(&a, &b);
}

static void test_abc_ca(void **state)
{
	(void)state;
	take_two(&a, &b);
	take_two(&b, &c);
	expect("possible circular locking dependency detected: &c -> &a",
	       take_two(&c, &a));
}

/* The newest that is held stands for the older ones. */
static void test_three_deep(void **state)
{
	(void)state;
	spin_lock(&a);
	take_two(&b, &c);
	spin_unlock(&a);
	expect("possible circular", take_two(&c, &a));
}

/* Released in the order in which they were taken: c is not under a. */
static void test_release_out_of_order(void **state)
{
	(void)state;
	spin_lock(&a);
	assert_true(spin_trylock(&b));
	spin_unlock(&a);
	assert_int_equal(lockdep_is_held(&a), LOCK_STATE_NOT_HELD);
	assert_int_equal(lockdep_is_held(&b), LOCK_STATE_HELD);
	spin_lock(&c);
	spin_unlock(&b);
	spin_unlock(&c);
	take_two(&c, &a);
}

static void test_trylock_adds_no_dependency(void **state)
{
	(void)state;
	take_two(&a, &b);
	spin_lock(&b);
	assert_true(spin_trylock(&a));
	spin_unlock(&a);
	spin_unlock(&b);
}

/* It can be waited under, and who was held before it too. */
static void test_dependency_past_a_trylock(void **state)
{
	(void)state;
	spin_lock(&a);
	assert_true(spin_trylock(&b));
	take(&c);
	spin_unlock(&b);
	spin_unlock(&a);
	expect("&c -> &b", take_two(&c, &b));
	expect("&c -> &a", take_two(&c, &a));
}

/* A softirq does not wait for what its thread was to take. */
static void test_no_dependency_on_who_was_interrupted(void **state)
{
	(void)state;
	take_bh(&b);
	spin_lock(&a);
	in_a_softirq(&b, NULL);
	spin_unlock(&a);
	spin_lock_bh(&b);
	expect("SOFTIRQ-safe -> SOFTIRQ-unsafe", take(&a)); /* not circular */
	spin_unlock_bh(&b);
}

/* ---- the same class ---- */

static void test_recursion(void **state)
{
	(void)state;
	spin_lock(&a);
	/* By hand: it would wait for itself. */
	expect("WARNING: possible recursive locking detected: &a",
	       lock_acquire(&a, 0, false, LOCK_WRITE, NULL, __FILE__,
			    __LINE__));
	lock_release(&a);
	lock_acquire(&a, 0, false, LOCK_WRITE, NULL, __FILE__, __LINE__);
	lock_release(&a);
	spin_unlock(&a);
}

static void test_two_of_a_class(void **state)
{
	spinlock_t locks[2];

	(void)state;
	init_many(locks, 2);
	expect("possible recursive locking detected: &locks[i]",
	       take_two(&locks[0], &locks[1]));
	take_two(&locks[1], &locks[0]);
	lockdep_free_range(locks, sizeof(locks));
}

static void test_two_of_two_classes(void **state)
{
	static DEFINE_SPINLOCK(first);
	static DEFINE_SPINLOCK(second);

	(void)state;
	take_two(&first, &second);
	expect("possible circular", take_two(&second, &first));
}

static void take_nested(spinlock_t *first, spinlock_t *second)
{
	spin_lock(first);
	spin_lock_nested(second, 1);
	spin_unlock(second);
	spin_unlock(first);
}

static void test_subclasses(void **state)
{
	spinlock_t locks[2];

	(void)state;
	init_many(locks, 2);
	take_nested(&locks[0], &locks[1]);
	take_nested(&locks[1], &locks[0]);
	spin_lock_nested(&locks[0], 1);
	expect("&locks[i]/1 -> &locks[i]", take(&locks[1]));
	spin_unlock(&locks[0]);
}

static void take_under_nest(spinlock_t *locks)
{
	spin_lock(&a);
	spin_lock_nest_lock(&locks[1], &a);
	spin_lock_nest_lock(&locks[0], &a);
	spin_unlock(&locks[0]);
	spin_unlock(&locks[1]);
	spin_unlock(&a);
}

static void test_nest_lock(void **state)
{
	spinlock_t locks[2];

	(void)state;
	init_many(locks, 2);
	take_under_nest(locks);
	spin_lock(&locks[0]);
	expect("possible recursive",
	       spin_lock_nest_lock(&locks[1], &a)); /* which is not held */
	spin_unlock(&locks[1]);
	spin_unlock(&locks[0]);
}

static int by_address(const void *held, const void *next)
{
	return held < next ? -1 : 1;
}

static void test_comparator(void **state)
{
	spinlock_t locks[2];

	(void)state;
	init_many(locks, 2);
	lock_set_cmp_fn(&locks[0], by_address);
	take_two(&locks[0], &locks[1]);
	expect("possible recursive", take_two(&locks[1], &locks[0]));
}

/* ---- readers ---- */

static void read_lock_of(spinlock_t *lock, enum lock_mode mode)
{
	lock_acquire(lock, 0, false, mode, NULL, __FILE__, __LINE__);
	lock_release(lock);
}

static void softirq_reads(void)
{
	read_lock_of(&a, LOCK_RECURSIVE_READ);
}

static void read_in_a_softirq(void)
{
	open_softirq(RCU_SOFTIRQ, softirq_reads);
	raise_softirq(RCU_SOFTIRQ);
	pagesim_softirq_point();
}

static void test_readers(void **state)
{
	(void)state;
	read_lock_of(&a, LOCK_RECURSIVE_READ);
	read_in_a_softirq();
	expect("inconsistent {IN-SOFTIRQ-R} -> {SOFTIRQ-ON-W} usage.",
	       take(&a));
}

static void test_reader_after_writer(void **state)
{
	(void)state;
	take(&a);
	expect("inconsistent {SOFTIRQ-ON-W} -> {IN-SOFTIRQ-R} usage.",
	       read_in_a_softirq());
}

static void test_readers_of_a_class(void **state)
{
	(void)state;
	lock_acquire(&a, 0, false, LOCK_RECURSIVE_READ, NULL, "f", 1);
	read_lock_of(&a, LOCK_RECURSIVE_READ);
	expect("possible recursive", read_lock_of(&a, LOCK_READ));
	lock_release(&a);
	/* Inside any reader's section comes one that passes waiting writers. */
	lock_acquire(&b, 0, false, LOCK_READ, NULL, "f", 1);
	read_lock_of(&b, LOCK_RECURSIVE_READ);
	lock_release(&b);
	spin_lock(&c);
	expect("possible recursive", read_lock_of(&c, LOCK_RECURSIVE_READ));
	spin_unlock(&c);
}

static void test_recursive_readers_depend_on_nothing(void **state)
{
	(void)state;
	take_two(&a, &b);
	spin_lock(&b);
	read_lock_of(&a, LOCK_RECURSIVE_READ);
	spin_unlock(&b);
	/* But who is held under one depends on who is held over it. */
	spin_lock(&c);
	lock_acquire(&a, 0, false, LOCK_RECURSIVE_READ, NULL, "f", 1);
	take(&d);
	lock_release(&a);
	spin_unlock(&c);
	expect("&d -> &c", take_two(&d, &c));
}

/* ---- after a report ---- */

/* A refused order is no order: it makes no second report elsewhere. */
static void test_it_goes_on(void **state)
{
	(void)state;
	take_two(&a, &b);
	take_two(&b, &c);
	expect("&c -> &a", take_two(&c, &a));
	take_two(&a, &c);
	expect("&b -> &a", take_two(&b, &a));
	take(&d);
	expect("SOFTIRQ-ON-W", in_a_softirq(&d, NULL));
}

/* b was refused under a, so c under both is told of a as well. */
static void test_dependency_past_a_refused_one(void **state)
{
	(void)state;
	take_two(&b, &a);
	spin_lock(&a);
	expect("&a -> &b", spin_lock(&b));
	take(&c);
	spin_unlock(&b);
	spin_unlock(&a);
	expect("&c -> &a", take_two(&c, &a));
}

static void test_default_goes_on(void **state)
{
	char text[8192] = "";
	FILE *to = fmemopen(text, sizeof(text) - 1, "w");

	(void)state;
	take_two(&a, &b);
	pagesim_set_console(to);
	take_two(&b, &a);
	pagesim_set_console(NULL);
	fclose(to);
	assert_non_null(strstr(text, "lockdep: WARNING: possible circular"));
	pagesim_reset_reports();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lockdep_test(test_safe_to_unsafe),
		lockdep_test(test_safe_to_safe),
		lockdep_test(test_safe_to_unsafe_from_afar),
		lockdep_test(test_hardirq_safe_to_unsafe),
		lockdep_test(test_inversion_by_a_softirq),
		lockdep_test(test_inversion_by_a_task),
		lockdep_test(test_no_inversion),
		lockdep_test(test_ab_ba),
		lockdep_test(test_one_order),
		lockdep_test(test_abc_ca),
		lockdep_test(test_three_deep),
		lockdep_test(test_release_out_of_order),
		lockdep_test(test_trylock_adds_no_dependency),
		lockdep_test(test_dependency_past_a_trylock),
		lockdep_test(test_no_dependency_on_who_was_interrupted),
		lockdep_test(test_recursion),
		lockdep_test(test_two_of_a_class),
		lockdep_test(test_two_of_two_classes),
		lockdep_test(test_subclasses),
		lockdep_test(test_nest_lock),
		lockdep_test(test_comparator),
		lockdep_test(test_readers),
		lockdep_test(test_reader_after_writer),
		lockdep_test(test_readers_of_a_class),
		lockdep_test(test_recursive_readers_depend_on_nothing),
		lockdep_test(test_it_goes_on),
		lockdep_test(test_dependency_past_a_refused_one),
		lockdep_test(test_default_goes_on),
	};

	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		return 77; /* lockdep is not built in, or never on */
	return cmocka_run_group_tests_name("lockdep_graph", tests, NULL, NULL);
}
