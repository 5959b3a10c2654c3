// SPDX-License-Identifier: MIT
// Floor: 5
// pagesim.h alone, in C++.
#include <pagesim/pagesim.h>

int main()
{
	pagesim_config config;

	pagesim_config_init(&config);
	config.nr_pages = 64;
	if (pagesim_boot(&config) != 0)
		return 1;
	return pagesim_shutdown() == 0 ? 0 : 1;
}
