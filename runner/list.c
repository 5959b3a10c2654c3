// SPDX-License-Identifier: MIT
// Floor: 5
/* list: which scenarios and variants there are. */
#include <getopt.h>
#include <stdio.h>
#include <pagesim/scenario.h>

#include "json_line.h"
#include "select.h"

static const char help[] =
	"usage: pagesim list [--json] [NAME...]\n"
	"\n"
	"Lists the scenarios whose names match, all without a NAME, and their\n"
	"variants with the verdict that each must give.\n"
	"\n"
	"  --json     one object for each variant, on a line of its own\n"
	"  --help     this text\n"
	"\n"
	"NAME may be a pattern: pagesim list 'folio/*'\n";

static void print_json_line(const struct pagesim_scenario *scenario,
			    const struct pagesim_variant *variant)
{
	struct json_object *object = json_object_new_object();

	json_line_add(object, "scenario", scenario->name);
	json_line_add(object, "variant", variant->name);
	json_line_add(object, "expected",
		      pagesim_verdict_name(variant->expected));
	json_line_add(object, "question", scenario->question);
	json_line_add(object, "provenance",
		      variant->provenance ? variant->provenance
					  : scenario->provenance);
	json_line_print(object);
}

static void print_text(const struct pagesim_scenario *scenario)
{
	const struct pagesim_variant *variant;

	printf("%s: %s\n", scenario->name, scenario->question);
	for (variant = scenario->variants; variant->name; variant++)
		printf("    %-24s %-14s  %s\n", variant->name,
		       pagesim_verdict_name(variant->expected),
		       variant->provenance ? variant->provenance : "");
}

static void print_scenario(const struct pagesim_scenario *scenario, bool json)
{
	const struct pagesim_variant *variant;

	if (!json) {
		print_text(scenario);
		return;
	}
	for (variant = scenario->variants; variant->name; variant++)
		print_json_line(scenario, variant);
}

int pagesim_list_main(int argc, char **argv,
		      const struct pagesim_scenario *const *scenarios)
{
	static const struct option longopts[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct selection selection = { .all = true };
	bool json = false;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return STATUS_OK;
		}
		if (c != 'j')
			return STATUS_USAGE;
		json = true;
	}
	if (optind < argc) {
		selection.all = false;
		selection.patterns = argv + optind;
		if (check_patterns(&selection, scenarios))
			return STATUS_USAGE;
	}
	for (; *scenarios; scenarios++)
		if (selected(&selection, *scenarios))
			print_scenario(*scenarios, json);
	return STATUS_OK;
}
