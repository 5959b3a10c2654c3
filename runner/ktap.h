/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/*
 * Results as KTAP, version 1, which the kernel's own tools read
 * (Documentation/dev-tools/ktap.rst of v6.12): a scenario is a subtest, its
 * variants are the tests in it.
 */
#ifndef PAGESIM_RUNNER_KTAP_H
#define PAGESIM_RUNNER_KTAP_H

#include <stdio.h>
#include <pagesim/scenario.h>

struct ktap {
	FILE *out;
	unsigned int nr; /* of scenarios so far */
	unsigned int nr_variants; /* of this scenario */
	bool ok; /* all of them so far */
};

void ktap_begin(struct ktap *ktap, FILE *out, unsigned int nr_scenarios);
void ktap_scenario(struct ktap *ktap, const struct pagesim_scenario *scenario,
		   unsigned int nr_variants);
void ktap_variant(struct ktap *ktap, const struct pagesim_variant *variant,
		  const struct pagesim_result *result);
void ktap_scenario_end(struct ktap *ktap,
		       const struct pagesim_scenario *scenario);

#endif /* PAGESIM_RUNNER_KTAP_H */
