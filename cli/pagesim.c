// SPDX-License-Identifier: MIT
// Floor: 5
/* pagesim: the command. Each subcommand is a file cmd_*.c of its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pagesim/pagesim.h>

#include "cli.h"

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("pagesim %s, models Linux 6.12, debug tier \"%s\"\n",
	       pagesim_version(), pagesim_debug_name(pagesim_built_debug()));
	return EXIT_OK;
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "list", cmd_list, "list the scenarios and their variants" },
	{ "check", cmd_check, "run scenarios, compare the verdicts" },
	{ "replay", cmd_replay, "run again an execution that check found" },
	{ "map", cmd_map, "read, show and write a machine's memory map" },
	{ "bench", cmd_bench,
	  "measure what compound_head, checks, RCU and boot cost" },
	{ "version", cmd_version, "say which version this is" },
};

static void usage(FILE *out)
{
	fputs("usage: pagesim COMMAND [OPTIONS]\n\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].help);
	fputs("\npagesim COMMAND --help tells its options.\n", out);
}

int fail_with_error(void)
{
	progress_clear();
	fprintf(stderr, "pagesim: %s\n", pagesim_error());
	return EXIT_BAD_INPUT;
}

unsigned long long parse_size(const char *text)
{
	static const char units[] = "KMGTP";
	unsigned long long value;
	const char *unit;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (end == text || errno || text[0] == '-')
		return 0;
	if (!*end)
		return value;
	unit = strchr(units, *end);
	if (!unit || end[1])
		return 0;
	for (long shift = unit - units + 1; shift > 0; shift--) {
		if (value >> 54)
			return 0;
		value <<= 10;
	}
	return value;
}

void print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
}

/* What a full disk or a closed pipe kept of the output, is an error. */
static int flushed(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "pagesim: cannot write the output: %s\n",
		strerror(errno));
	return EXIT_BAD_INPUT;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_BAD_INPUT;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--version"))
		return cmd_version(argc, argv);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return flushed(commands[i].run(argc - 1, argv + 1));
	fprintf(stderr,
		"pagesim: there is no command \"%s\" (pagesim --help)\n",
		argv[1]);
	return EXIT_BAD_INPUT;
}
