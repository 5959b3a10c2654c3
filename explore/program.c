// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * A plain program that explores itself: pagesim-cc links it so that main()
 * is called by us, once for each execution. Options come from the
 * environment, the exit status is the answer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "trace.h"

struct arguments {
	int argc;
	char **argv;
	char **env;
};

int __real_main(int argc, char **argv, char **env);
int __wrap_main(int argc, char **argv, char **env);

static int call_main(void *data)
{
	struct arguments *arguments = data;

	return __real_main(arguments->argc, arguments->argv, arguments->env);
}

static void bad(const char *name, const char *value, const char *want)
{
	fprintf(stderr, "%s=%s: want %s\n", name, value, want);
	exit(2);
}

/* The place of the variable's value in the list, or which if it is unset. */
static int one_of(const char *name, const char *const *list, int which)
{
	const char *value = getenv(name);
	char want[256] = "one of";
	int i;

	if (!value)
		return which;
	for (i = 0; list[i]; i++) {
		if (!strcmp(value, list[i]))
			return i;
		strncat(want, " ", sizeof(want) - strlen(want) - 1);
		strncat(want, list[i], sizeof(want) - strlen(want) - 1);
	}
	bad(name, value, want);
	return 0;
}

static double number(const char *name, double otherwise)
{
	const char *value = getenv(name);
	double number;
	char *end;

	if (!value)
		return otherwise;
	errno = 0;
	number = strtod(value, &end);
	if (end == value || *end || errno || number < 0)
		bad(name, value, "a number that is not negative");
	return number;
}

static void read_options(struct ex_options *options)
{
	static const char *const models[] = { "sc", "tso", "weak", NULL };
	static const char *const modes[] = { "explore", "random", "pct",
					     "dfs",	"replay", NULL };
	static const char *const switches[] = { "off", "on", NULL };
	static const char *const flags[] = { "0", "1", NULL };

	options->model = (enum ex_model)one_of("PAGESIM_MODEL", models, EX_SC);
	options->mode = (enum ex_mode)one_of("PAGESIM_MODE", modes, EX_EXPLORE);
	options->races = one_of("PAGESIM_RACES", switches, 1);
	options->leaks = one_of("PAGESIM_LEAKS", switches, 1);
	options->shrink = one_of("PAGESIM_SHRINK", switches, 1);
	options->max_execs = (uint64_t)number("PAGESIM_MAX_EXECS", 0);
	options->max_time = number("PAGESIM_MAX_TIME", 0);
	options->seed = (uint64_t)number("PAGESIM_SEED", 1);
	options->pct_depth = (int)number("PAGESIM_PCT_DEPTH", 5);
	options->trace = getenv("PAGESIM_TRACE");
	if (options->mode == EX_REPLAY && !options->trace)
		bad("PAGESIM_TRACE", "", "a file to replay");
	options->json = one_of("PAGESIM_JSON", flags, 0);
}

int __wrap_main(int argc, char **argv, char **env)
{
	struct arguments arguments = { argc, argv, env };
	struct ex_result result;

	read_options(&ex_options);
	ex_explore(call_main, &arguments, &result);
	fflush(stdout);
	if (!trace_print_result(&result))
		return 2;
	if (result.verdict == EX_CLEAN)
		return 0;
	return result.verdict == EX_INCOMPLETE ? 3 : 1;
}
