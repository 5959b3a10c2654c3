/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* Two bodies at once, on threads of the host. */
#ifndef PAGESIM_TEST_THREADS_H
#define PAGESIM_TEST_THREADS_H

#include "platform.h"

static inline void run_two(void (*a)(void *), void *arg_a, void (*b)(void *),
			   void *arg_b)
{
	struct platform_thread threads[2];

	assert_int_equal(platform_thread_create(&threads[0], a, arg_a), 0);
	assert_int_equal(platform_thread_create(&threads[1], b, arg_b), 0);
	platform_thread_join(&threads[0]);
	platform_thread_join(&threads[1]);
}

#endif /* PAGESIM_TEST_THREADS_H */
