// SPDX-License-Identifier: MIT
// Floor: 5
/* pagesim bench boot: what a machine of 64 TiB takes before it is used. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>
#include <pagesim/pagesim.h>

#include "bench.h"
#include "cli.h"
#include "median.h"

#define ROUNDS 21
#define MAX_BOOT_KIB 1024
#define PAGES_64TIB (64UL << (40 - PAGE_SHIFT))

static const char usage_text[] =
	"usage: pagesim bench boot [--json]\n"
	"\n"
	"Boots a machine of 64 TiB: median time, and what resident memory grew\n"
	"by at boot, and by the first page that is allocated. Exit status 1 if\n"
	"boot takes more than 1 MiB.\n";

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Exact, where /proc/self/statm is rounded by what each CPU holds back. */
static long resident_kib(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kib = -1;

	while (file && kib < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "Rss: %ld kB", &kib) != 1)
			kib = -1;
	if (file)
		fclose(file);
	return kib;
}

struct result {
	double boot_ms;
	long boot_kib, first_page_kib;
};

static int measure(struct result *result)
{
	struct pagesim_config config;
	double ms[ROUNDS];
	long before;

	pagesim_config_init(&config);
	config.nr_pages = PAGES_64TIB;
	for (int i = 0; i < ROUNDS; i++) {
		double start = now_ms();

		if (pagesim_boot(&config))
			return fail_with_error();
		ms[i] = now_ms() - start;
		pagesim_shutdown();
	}
	result->boot_ms = median(ms, ROUNDS);

	before = resident_kib();
	if (pagesim_boot(&config))
		return fail_with_error();
	result->boot_kib = resident_kib() - before;
	__free_page(alloc_page(GFP_KERNEL));
	result->first_page_kib = resident_kib() - before;
	pagesim_shutdown();
	return EXIT_OK;
}

static void print_result(const struct result *result, bool json)
{
	struct json_object *root;

	if (!json) {
		printf("boot of 64 TiB: %.3f ms, %ld KiB resident; with the first page allocated %ld KiB\n",
		       result->boot_ms, result->boot_kib,
		       result->first_page_kib);
		return;
	}
	root = json_object_new_object();
	json_object_object_add(root, "boot_64tib_ms",
			       json_object_new_double(result->boot_ms));
	json_object_object_add(root, "boot_64tib_rss_kib",
			       json_object_new_int64(result->boot_kib));
	json_object_object_add(root, "first_page_rss_kib",
			       json_object_new_int64(result->first_page_kib));
	print_json(root);
}

int bench_boot(int argc, char **argv)
{
	struct result result = { 0, 0, 0 };
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	int status;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage_text, stdout);
		return EXIT_OK;
	}
	if (argc > 1 && !json) {
		fputs(usage_text, stderr);
		return EXIT_BAD_INPUT;
	}
	status = measure(&result);
	if (status)
		return status;
	print_result(&result, json);
	/* Not time, which a busy host decides. */
	return result.boot_kib <= MAX_BOOT_KIB ? EXIT_OK : EXIT_DIFFERS;
}
