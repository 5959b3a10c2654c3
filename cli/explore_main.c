// SPDX-License-Identifier: MIT
// Floor: 5
/* pagesim-explore: pagesim check in every mode but stress, pagesim replay. */
#include <string.h>

#include "scenarios.h"

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "replay"))
		return pagesim_replay_main(argc - 1, argv + 1,
					   pagesim_scenarios);
	return pagesim_check_main(argc, argv, pagesim_scenarios);
}
