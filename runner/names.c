// SPDX-License-Identifier: MIT
// Floor: 5
/* What the command line and results call modes and models. */
#include <pagesim/scenario.h>

const char *pagesim_mode_name(enum pagesim_mode mode)
{
	static const char *const names[PAGESIM_NR_MODES] = {
		[PAGESIM_MODE_STRESS] = "stress",
		[PAGESIM_MODE_EXPLORE] = "explore",
		[PAGESIM_MODE_PCT] = "pct",
		[PAGESIM_MODE_RANDOM] = "random",
	};

	return names[mode];
}

const char *pagesim_model_name(enum pagesim_mode mode, enum pagesim_model model)
{
	static const char *const names[PAGESIM_NR_MODELS] = {
		[PAGESIM_SC] = "sc",
		[PAGESIM_TSO] = "tso",
		[PAGESIM_WEAK] = "weak",
	};

	return mode == PAGESIM_MODE_STRESS ? "host" : names[model];
}
