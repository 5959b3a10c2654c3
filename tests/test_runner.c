// SPDX-License-Identifier: MIT
// Floor: 5
/* What becomes of a round: each verdict, by a scenario that must give it. */
#include "test.h"
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <pagesim/page_alloc.h>
#include <pagesim/scenario.h>
#include <pagesim/slab.h>
#include <pagesim/wait.h>

#include "track.h"

static unsigned int nr_runs; /* of idle(), in this round */
static const struct pagesim_variant *seen;

static void setup(const struct pagesim_variant *variant)
{
	seen = variant;
	nr_runs = 0;
}

static void idle(void)
{
	__atomic_fetch_add(&nr_runs, 1, __ATOMIC_RELAXED);
}

static const struct pagesim_variant variants[] = {
	{ .name = "only", .id = 7 },
	{ .name = NULL },
};

static struct pagesim_result run(void (*fn)(void), void (*finish)(void),
				 unsigned long execs)
{
	struct pagesim_scenario scenario = {
		.name = "test/one",
		.question = "?",
		.variants = variants,
		.setup = setup,
		.threads = { { "first", fn }, { "second", idle } },
		.finish = finish,
	};
	struct pagesim_run_options options;
	struct pagesim_result result;

	pagesim_run_options_init(&options);
	options.max_execs = execs;
	options.max_round = 2;
	assert_int_equal(pagesim_run(&scenario, variants, &options, &result),
			 0);
	return result;
}

static void gives(void (*fn)(void), void (*finish)(void),
		  enum pagesim_verdict verdict, const char *text)
{
	struct pagesim_result result = run(fn, finish, 3);

	if (result.verdict != verdict || !strstr(result.report, text))
		print_error("%s: %s\n", pagesim_verdict_name(result.verdict),
			    result.report);
	assert_int_equal(result.verdict, verdict);
	assert_int_equal(result.executions, 1);
	assert_non_null(strstr(result.report, text));
	assert_int_equal(pagesim_result_ok(&result), false);
}

/* ---- clean ---- */

static void both_ran(void)
{
	pagesim_assert(nr_runs == 2);
	pagesim_assert(seen->id == 7);
}

static void test_clean(void **state)
{
	struct pagesim_result result = run(idle, both_ran, 20);

	(void)state;
	assert_int_equal(result.verdict, PAGESIM_CLEAN);
	assert_int_equal(result.executions, 20);
	assert_string_equal(result.report, "");
	assert_true(pagesim_result_ok(&result));
}

/* ---- reports ---- */

static void asserts(void)
{
	pagesim_assert(READ_ONCE(nr_runs) > 5);
}

static void bugs(void)
{
	BUG_ON(seen->id == 7);
}

static void warns(void)
{
	WARN_ON(seen->id == 7);
}

static void leaks(void)
{
	alloc_page(GFP_KERNEL);
}

static void frees_twice(void)
{
	void *object = kmalloc(16, GFP_KERNEL);

	kfree(object);
	kfree(object);
}

static void test_reports(void **state)
{
	(void)state;
	gives(asserts, NULL, PAGESIM_ASSERTION, "> 5 at");
	gives(idle, asserts, PAGESIM_ASSERTION, "> 5 at");
	gives(bugs, NULL, PAGESIM_BUG_ON, "BUG_ON(seen->id == 7)");
	gives(warns, NULL, PAGESIM_WARN, "WARN_ON(seen->id == 7)");
	gives(leaks, NULL, PAGESIM_LEAK, "page");
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM)
		gives(frees_twice, NULL, PAGESIM_DOUBLE_FREE, "test_runner.c");
}

/* ---- what the child cannot say ---- */

static void crashes(void)
{
	raise(SIGKILL);
}

static void leaves(void)
{
	syscall(SYS_exit_group, 3); /* past what tools do at an exit */
}

static void sleeps(void)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule();
}

static void spins(void)
{
	while (!READ_ONCE(nr_runs) || seen->id == 7)
		cpu_relax();
}

static void test_dead(void **state)
{
	(void)state;
	gives(crashes, NULL, PAGESIM_BUG_ON, "the process died: Killed");
	gives(leaves, NULL, PAGESIM_BUG_ON, "ended with status");
	gives(sleeps, NULL, PAGESIM_DEADLOCK, "all threads sleep");
	gives(spins, NULL, PAGESIM_LIVELOCK, "has not ended after 2 s");
}

/* ---- what a tool says ---- */

static struct object {
	unsigned long value;
} *volatile freed;

static void uses_freed(void)
{
	freed = kmalloc(sizeof(*freed), GFP_KERNEL);
	kfree(freed);
	/* An address as good as another, to memcheck: it has to decide. */
	if (freed->value == 5)
		idle();
}

static unsigned long raced;

static void races(void)
{
	for (int i = 0; i < 100; i++)
		raced++;
}

static const struct pagesim_scenario race = {
	.name = "test/race",
	.question = "?",
	.variants = variants,
	.setup = setup,
	.threads = { { "first", races }, { "second", races } },
};

static void test_tools(void **state)
{
	struct pagesim_run_options options;
	struct pagesim_result result;

	(void)state;
	if (track_mem_is_watched())
		gives(uses_freed, NULL, PAGESIM_USE_AFTER_FREE, "");
	pagesim_run_options_init(&options);
	assert_int_equal(pagesim_run(&race, variants, &options, &result), 0);
	assert_int_equal(result.verdict, track_thread_sanitizer()
						 ? PAGESIM_DATA_RACE
						 : PAGESIM_CLEAN);
}

/* ---- what cannot be run, or seen ---- */

static void too_many_cpus(const struct pagesim_variant *variant,
			  struct pagesim_config *config)
{
	(void)variant;
	config->nr_cpus = 1000;
}

static void test_cannot(void **state)
{
	struct pagesim_scenario scenario = race;
	struct pagesim_run_options options;
	struct pagesim_result result;

	(void)state;
	scenario.configure = too_many_cpus;
	pagesim_run_options_init(&options);
	assert_int_equal(pagesim_run(&scenario, variants, &options, &result),
			 -EINVAL);
	assert_non_null(strstr(pagesim_error(), "1000 CPUs"));
}

static void test_skipped(void **state)
{
	struct pagesim_variant unseen = variants[0];
	struct pagesim_run_options options;
	struct pagesim_result result;

	(void)state;
	unseen.expected = PAGESIM_DATA_RACE;
	unseen.seen_by = PAGESIM_SEEN_BY_EXPLORER;
	pagesim_run_options_init(&options);
	assert_int_equal(pagesim_run(&race, &unseen, &options, &result), 0);
	assert_true(result.skipped);
	assert_int_equal(result.verdict, PAGESIM_INCOMPLETE);
	assert_int_equal(result.executions, 0);
	assert_true(pagesim_result_ok(&result));
}

/* ---- a command of one's own ---- */

static int check(const struct pagesim_scenario *scenario)
{
	const struct pagesim_scenario *const table[] = { scenario, NULL };
	char *argv[] = { "check", "--all", "--max-execs", "2", NULL };

	return pagesim_check_main(4, argv, table);
}

static void test_status(void **state)
{
	static const struct pagesim_variant wrong[] = {
		{ .name = "wrong", .expected = PAGESIM_DEADLOCK },
		{ .name = NULL },
	};
	struct pagesim_scenario scenario = {
		.name = "test/idle",
		.question = "?",
		.variants = variants,
		.setup = setup,
		.threads = { { "idle", idle } },
	};

	(void)state;
	assert_int_equal(check(&scenario), 0);
	scenario.variants = wrong;
	assert_int_equal(check(&scenario), 1);
	scenario.configure = too_many_cpus;
	assert_int_equal(check(&scenario), 2);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(pagesim_verdict_name(PAGESIM_CLEAN), "clean");
	for (int kind = 0; kind < PAGESIM_REPORT_NR_KINDS; kind++) {
		enum pagesim_report_kind k = (enum pagesim_report_kind)kind;

		assert_string_equal(pagesim_verdict_name(pagesim_verdict_of(k)),
				    pagesim_report_kind_name(k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),  cmocka_unit_test(test_reports),
		cmocka_unit_test(test_dead),   cmocka_unit_test(test_tools),
		cmocka_unit_test(test_cannot), cmocka_unit_test(test_skipped),
		cmocka_unit_test(test_status), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
