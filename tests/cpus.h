/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* A machine with four CPUs: one for the test, three for its workers. */
#ifndef PAGESIM_TEST_CPUS_H
#define PAGESIM_TEST_CPUS_H

#include <pagesim/cpu.h>

#define NR_WORKERS 3

static inline int boot_cpus(void **state)
{
	struct pagesim_config config;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = 4096;
	config.nr_cpus = NR_WORKERS + 1;
	return pagesim_boot(&config);
}

#define cpu_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_cpus, shutdown_machine)

static inline void start_workers(struct pagesim_thread *threads, int nr,
				 void (*fn)(void *))
{
	for (long i = 0; i < nr; i++)
		assert_int_equal(pagesim_thread_create(&threads[i], "worker",
						       fn, (void *)i),
				 0);
}

static inline void join_workers(struct pagesim_thread *threads, int nr)
{
	for (int i = 0; i < nr; i++)
		pagesim_thread_join(&threads[i]);
}

/* fn(0), fn(1), ... at once, and their ends. */
static inline void run_workers(int nr, void (*fn)(void *))
{
	struct pagesim_thread threads[NR_WORKERS];

	start_workers(threads, nr, fn);
	join_workers(threads, nr);
}

#endif /* PAGESIM_TEST_CPUS_H */
