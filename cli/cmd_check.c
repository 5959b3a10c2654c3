// SPDX-License-Identifier: MIT
// Floor: 5
/* pagesim list and pagesim check: of the library's own scenarios. */
#include "cli.h"
#include "scenarios.h"

int cmd_list(int argc, char **argv)
{
	return pagesim_list_main(argc, argv, pagesim_scenarios);
}

int cmd_check(int argc, char **argv)
{
	return pagesim_check_main(argc, argv, pagesim_scenarios);
}
