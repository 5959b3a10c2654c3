// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * pagesim list and pagesim check: of the library's own scenarios. What is
 * explored is another program, since it is compiled in another way: it lies
 * beside this one.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "scenarios.h"

static bool wants_other_mode(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *mode = NULL;

		if (!strcmp(argv[i], "--mode") && i + 1 < argc)
			mode = argv[i + 1];
		else if (!strncmp(argv[i], "--mode=", strlen("--mode=")))
			mode = argv[i] + strlen("--mode=");
		for (int m = 0; mode && m < PAGESIM_NR_MODES; m++)
			if (!strcmp(mode,
				    pagesim_mode_name((enum pagesim_mode)m)) &&
			    !pagesim_has_mode((enum pagesim_mode)m))
				return true;
	}
	return false;
}

static int run_explorer(char **argv)
{
	char path[PATH_MAX + sizeof("-explore")];
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);

	if (len < 0)
		len = 0;
	strcpy(path + len, "-explore");
	execv(path, argv);
	fprintf(stderr, "pagesim: cannot explore: %s: %s\n", path,
		strerror(errno));
	return EXIT_BAD_INPUT;
}

int cmd_replay(int argc, char **argv)
{
	(void)argc;
	return run_explorer(argv - 1);
}

int cmd_list(int argc, char **argv)
{
	return pagesim_list_main(argc, argv, pagesim_scenarios);
}

int cmd_check(int argc, char **argv)
{
	if (wants_other_mode(argc, argv))
		return run_explorer(argv);
	return pagesim_check_main(argc, argv, pagesim_scenarios);
}
