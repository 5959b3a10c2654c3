// SPDX-License-Identifier: MIT
// Floor: 5
#include <fnmatch.h>
#include <stdio.h>

#include "select.h"

static bool matches(const char *pattern, const char *name)
{
	return !fnmatch(pattern, name, 0);
}

bool selected(const struct selection *selection,
	      const struct pagesim_scenario *scenario)
{
	if (selection->all)
		return true;
	for (char **pattern = selection->patterns; *pattern; pattern++)
		if (matches(*pattern, scenario->name))
			return true;
	return false;
}

bool selected_variant(const struct selection *selection,
		      const struct pagesim_variant *variant)
{
	return !selection->variant ||
	       matches(selection->variant, variant->name);
}

unsigned int nr_selected_variants(const struct selection *selection,
				  const struct pagesim_scenario *scenario)
{
	const struct pagesim_variant *variant;
	unsigned int nr = 0;

	if (!selected(selection, scenario))
		return 0;
	for (variant = scenario->variants; variant->name; variant++)
		nr += selected_variant(selection, variant);
	return nr;
}

static bool means_something(const char *pattern,
			    const struct pagesim_scenario *const *scenarios)
{
	for (; *scenarios; scenarios++)
		if (matches(pattern, (*scenarios)->name))
			return true;
	return false;
}

int check_patterns(const struct selection *selection,
		   const struct pagesim_scenario *const *scenarios)
{
	unsigned int nr = 0;

	for (char **p = selection->patterns; !selection->all && *p; p++)
		if (!means_something(*p, scenarios)) {
			fprintf(stderr,
				"pagesim: there is no scenario \"%s\" (pagesim list)\n",
				*p);
			return -1;
		}
	for (; *scenarios; scenarios++)
		nr += nr_selected_variants(selection, *scenarios);
	if (!nr) {
		fprintf(stderr,
			"pagesim: no such scenario has a variant \"%s\" (pagesim list)\n",
			selection->variant ? selection->variant : "*");
		return -1;
	}
	return 0;
}
