// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * pagesim bench rcu: how long callbacks take from call_rcu() to the end of
 * rcu_barrier(), by where they run; and what a read section costs.
 */
#include <stdio.h>
#include <string.h>
#include <pagesim/compiler.h>
#include <pagesim/pagesim.h>
#include <pagesim/rcupdate.h>

#include "bench.h"
#include "cli.h"
#include "median.h"
#include "platform.h"

#define NR_ROUNDS 41
#define NR_SECTIONS 100000UL
#define MAX_CALLBACKS 100

static const char usage_text[] =
	"usage: pagesim bench rcu [--json]\n"
	"\n"
	"Median time in which 1, 10 and 100 callbacks drain: call_rcu() of each,\n"
	"then rcu_barrier(), for each context that callbacks run in. And ns of\n"
	"rcu_read_lock() with rcu_read_unlock(). Without checks and without\n"
	"lockdep. No limits: a grace period is the host's scheduler's.\n";

static const int batches[] = { 1, 10, MAX_CALLBACKS };
static const char *const mode_names[PAGESIM_RCU_NR_MODES] = {
	[PAGESIM_RCU_SOFTIRQ] = "softirq",
	[PAGESIM_RCU_KTHREAD_BH_OFF] = "kthread-bh-off",
	[PAGESIM_RCU_HELPER_THREAD] = "helper-thread",
};

struct figures {
	double drain_us[PAGESIM_RCU_NR_MODES][ARRAY_SIZE(batches)];
	double section_ns;
};

static struct rcu_head heads[MAX_CALLBACKS];
static unsigned long nr_called; /* atomic */

static void called(struct rcu_head *head)
{
	(void)head;
	__atomic_fetch_add(&nr_called, 1, __ATOMIC_RELAXED);
}

static double drain_us(int nr)
{
	uint64_t start = platform_time_ns();

	for (int i = 0; i < nr; i++)
		call_rcu(&heads[i], called);
	rcu_barrier();
	return (double)(platform_time_ns() - start) / 1e3;
}

static double median_drain_us(int nr)
{
	double us[NR_ROUNDS];

	drain_us(nr); /* warm */
	for (int i = 0; i < NR_ROUNDS; i++)
		us[i] = drain_us(nr);
	return median(us, NR_ROUNDS);
}

static double median_section_ns(void)
{
	double ns[NR_ROUNDS];

	for (int i = 0; i < NR_ROUNDS; i++) {
		uint64_t start = platform_time_ns();

		for (unsigned long n = 0; n < NR_SECTIONS; n++) {
			rcu_read_lock();
			rcu_read_unlock();
		}
		ns[i] = (double)(platform_time_ns() - start) / NR_SECTIONS;
	}
	return median(ns, NR_ROUNDS);
}

/* Fails if a callback was lost. */
static int measure_mode(int mode, struct figures *figures)
{
	struct pagesim_config config;
	unsigned long expected = 0;

	pagesim_config_init(&config);
	config.debug = PAGESIM_DEBUG_NONE;
	config.rcu_mode = (enum pagesim_rcu_mode)mode;
	if (pagesim_boot(&config))
		return fail_with_error();
	nr_called = 0;
	for (size_t i = 0; i < ARRAY_SIZE(batches); i++) {
		figures->drain_us[mode][i] = median_drain_us(batches[i]);
		expected += (unsigned long)batches[i] * (NR_ROUNDS + 1);
	}
	if (mode == PAGESIM_RCU_SOFTIRQ)
		figures->section_ns = median_section_ns();
	pagesim_shutdown();
	if (nr_called == expected)
		return EXIT_OK;
	fprintf(stderr, "pagesim: %lu callbacks of %lu ran\n", nr_called,
		expected);
	return EXIT_DIFFERS;
}

static void print_text(const struct figures *figures)
{
	for (int mode = 0; mode < PAGESIM_RCU_NR_MODES; mode++)
		for (size_t i = 0; i < ARRAY_SIZE(batches); i++)
			printf("drain %3d callbacks, %-14s %9.2f us\n",
			       batches[i], mode_names[mode],
			       figures->drain_us[mode][i]);
	printf("rcu_read_lock() + rcu_read_unlock() %6.2f ns\n",
	       figures->section_ns);
}

static struct json_object *json_number(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", value);
	return json_object_new_double_s(value, text);
}

static void print_as_json(const struct figures *figures)
{
	struct json_object *root = json_object_new_object();
	struct json_object *drain = json_object_new_array();

	json_object_object_add(root, "bench", json_object_new_string("rcu"));
	json_object_object_add(root, "drain", drain);
	for (int mode = 0; mode < PAGESIM_RCU_NR_MODES; mode++)
		for (size_t i = 0; i < ARRAY_SIZE(batches); i++) {
			struct json_object *one = json_object_new_object();

			json_object_object_add(
				one, "mode",
				json_object_new_string(mode_names[mode]));
			json_object_object_add(one, "callbacks",
					       json_object_new_int(batches[i]));
			json_object_object_add(
				one, "us",
				json_number(figures->drain_us[mode][i]));
			json_object_array_add(drain, one);
		}
	json_object_object_add(root, "read_section_ns",
			       json_number(figures->section_ns));
	print_json(root);
}

int bench_rcu(int argc, char **argv)
{
	struct figures figures = { .section_ns = 0 };
	bool json = argc == 2 && !strcmp(argv[1], "--json");

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage_text, stdout);
		return EXIT_OK;
	}
	if (argc > 1 && !json) {
		fputs(usage_text, stderr);
		return EXIT_BAD_INPUT;
	}
	for (int mode = 0; mode < PAGESIM_RCU_NR_MODES; mode++) {
		int status = measure_mode(mode, &figures);

		if (status)
			return status;
	}
	if (json)
		print_as_json(&figures);
	else
		print_text(&figures);
	return EXIT_OK;
}
