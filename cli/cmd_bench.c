// SPDX-License-Identifier: MIT
// Floor: 5
/* pagesim bench: one subcommand a benchmark, each a file bench_*.c. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "cli.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} benches[] = {
	{ "compound_head", bench_compound_head,
	  "a flag test through each generation of compound_head()" },
	{ "tiers", bench_tiers, "hot operations with the checks of each tier" },
	{ "rcu", bench_rcu,
	  "time in which callbacks drain, a read section's cost" },
	{ "boot", bench_boot, "time and memory to boot 64 TiB" },
};

static void usage(FILE *out)
{
	fputs("usage: pagesim bench NAME [OPTIONS]\n\n", out);
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		fprintf(out, "  %-14s %s\n", benches[i].name, benches[i].help);
	fputs("\npagesim bench NAME --help tells its options.\n", out);
}

int cmd_bench(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--help")) {
		usage(stdout);
		return EXIT_OK;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(benches) / sizeof(benches[0]);
	     i++)
		if (!strcmp(argv[1], benches[i].name))
			return benches[i].run(argc - 1, argv + 1);
	if (argc > 1)
		fprintf(stderr, "pagesim: there is no benchmark \"%s\"\n",
			argv[1]);
	usage(stderr);
	return EXIT_BAD_INPUT;
}
