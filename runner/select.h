/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* Which scenarios and variants a command line means. */
#ifndef PAGESIM_RUNNER_SELECT_H
#define PAGESIM_RUNNER_SELECT_H

#include <pagesim/scenario.h>

enum {
	STATUS_OK = 0,
	STATUS_UNEXPECTED = 1, /* a verdict is not the expected one */
	STATUS_USAGE = 2,
};

struct selection {
	bool all;
	char **patterns; /* of scenario names, NULL at the end */
	const char *variant; /* a pattern, or NULL for all */
};

bool selected(const struct selection *selection,
	      const struct pagesim_scenario *scenario);
bool selected_variant(const struct selection *selection,
		      const struct pagesim_variant *variant);

/* How many variants of it are. */
unsigned int nr_selected_variants(const struct selection *selection,
				  const struct pagesim_scenario *scenario);

/*
 * 0 if each pattern means something, and the variant is one of what they
 * mean; else a line on standard error.
 */
int check_patterns(const struct selection *selection,
		   const struct pagesim_scenario *const *scenarios);

#endif /* PAGESIM_RUNNER_SELECT_H */
