// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "rcu_heads.h"

/* Through growth, clashes and holes. */
static void test_set_of_heads(void **state)
{
	enum {
		NR = 1000
	};
	static struct rcu_head heads[NR];

	(void)state;
	for (int i = 0; i < NR; i++)
		assert_null(rcu_heads_add(&heads[i], "a", i));
	for (int i = 0; i < NR; i += 3)
		rcu_heads_del(&heads[i]);
	rcu_heads_del(&heads[0]);
	for (int i = 0; i < NR; i++) {
		const struct queued_head *there =
			rcu_heads_add(&heads[i], "b", i);

		assert_int_equal(there != NULL, i % 3 != 0);
		if (there)
			assert_int_equal(there->line, i);
	}
	rcu_heads_clear();
	assert_null(rcu_heads_add(&heads[0], "c", 0));
	rcu_heads_clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_of_heads),
	};

	return cmocka_run_group_tests_name("rcu_heads", tests, NULL, NULL);
}
