// SPDX-License-Identifier: MIT
// Floor: 5
/* pagesim-explore: what pagesim check runs for every mode but stress. */
#include "scenarios.h"

int main(int argc, char **argv)
{
	return pagesim_check_main(argc, argv, pagesim_scenarios);
}
