// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
#include <pagesim/atomic.h>
#include <pagesim/completion.h>

static struct completion done;
static unsigned long data, through;

static void test_counts(void **state)
{
	(void)state;
	init_completion(&done);
	assert_false(completion_done(&done));
	assert_false(try_wait_for_completion(&done));
	complete(&done);
	complete(&done);
	assert_true(completion_done(&done));
	wait_for_completion(&done);
	assert_true(try_wait_for_completion(&done));
	assert_false(try_wait_for_completion(&done));
	complete_all(&done);
	complete(&done);
	for (int i = 0; i < 3; i++)
		wait_for_completion(&done);
	assert_true(completion_done(&done));
	reinit_completion(&done);
	assert_false(completion_done(&done));
}

static void wait_and_look(void *arg)
{
	(void)arg;
	wait_for_completion(&done);
	__atomic_fetch_add(&through, data == 42, __ATOMIC_RELEASE);
}

/* One "done" lets one through. */
static void test_one_by_one(void **state)
{
	struct pagesim_thread threads[NR_WORKERS];

	(void)state;
	init_completion(&done);
	data = through = 0;
	for (int i = 0; i < NR_WORKERS; i++)
		assert_int_equal(pagesim_thread_create(&threads[i], "waiter",
						       wait_and_look, NULL),
				 0);
	data = 42; /* plain */
	for (unsigned long i = 1; i <= NR_WORKERS; i++) {
		assert_int_equal(smp_load_acquire(&through), i - 1);
		complete(&done);
		while (smp_load_acquire(&through) < i)
			cpu_relax();
	}
	for (int i = 0; i < NR_WORKERS; i++)
		pagesim_thread_join(&threads[i]);
	assert_false(completion_done(&done));
}

static void test_all_at_once(void **state)
{
	struct pagesim_thread threads[NR_WORKERS];

	(void)state;
	for (unsigned long round = 0; round < scaled(200); round++) {
		init_completion(&done);
		data = through = 0;
		for (int i = 0; i < NR_WORKERS; i++)
			assert_int_equal(pagesim_thread_create(&threads[i], "w",
							       wait_and_look,
							       NULL),
					 0);
		data = 42;
		complete_all(&done);
		for (int i = 0; i < NR_WORKERS; i++)
			pagesim_thread_join(&threads[i]);
		assert_int_equal(through, NR_WORKERS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cpu_test(test_counts),
		cpu_test(test_one_by_one),
		cpu_test(test_all_at_once),
	};

	return cmocka_run_group_tests_name("completion", tests, NULL, NULL);
}
