// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/delay.h>

/* Each kind of delay is drawn, and comes to an end. */
static void test_delay(void **state)
{
	(void)state;
	pagesim_delay(); /* off */
	pagesim_delays(true);
	pagesim_delay_seed(1);
	for (int i = 0; i < 200; i++)
		pagesim_delay();
	pagesim_delays(false);
	assert_false(pagesim_delays_on);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
