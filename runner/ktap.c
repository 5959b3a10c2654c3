// SPDX-License-Identifier: MIT
// Floor: 5
#include "ktap.h"

void ktap_begin(struct ktap *ktap, FILE *out, unsigned int nr_scenarios)
{
	ktap->out = out;
	ktap->nr = 0;
	fprintf(out, "KTAP version 1\n1..%u\n", nr_scenarios);
}

void ktap_scenario(struct ktap *ktap, const struct pagesim_scenario *scenario,
		   unsigned int nr_variants)
{
	ktap->nr_variants = 0;
	ktap->ok = true;
	fprintf(ktap->out, "  KTAP version 1\n  # Subtest: %s\n  1..%u\n",
		scenario->name, nr_variants);
	fflush(ktap->out);
}

/* What was found stands before the line that it belongs to. */
void ktap_variant(struct ktap *ktap, const struct pagesim_variant *variant,
		  const struct pagesim_result *result)
{
	bool ok = pagesim_result_ok(result);

	if (result->report[0])
		fprintf(ktap->out, "  # %s\n", result->report);
	fprintf(ktap->out, "  %s %u %s", ok ? "ok" : "not ok",
		++ktap->nr_variants, variant->name);
	if (result->skipped)
		fputs(" # SKIP what is wrong with it cannot be seen by this build\n",
		      ktap->out);
	else
		fprintf(ktap->out,
			" # %s, expected %s, %lu executions, %.2f s\n",
			pagesim_verdict_name(result->verdict),
			pagesim_verdict_name(result->expected),
			result->executions, result->seconds);
	ktap->ok = ktap->ok && ok;
	fflush(ktap->out);
}

void ktap_scenario_end(struct ktap *ktap,
		       const struct pagesim_scenario *scenario)
{
	fprintf(ktap->out, "%s %u %s\n", ktap->ok ? "ok" : "not ok", ++ktap->nr,
		scenario->name);
	fflush(ktap->out);
}
