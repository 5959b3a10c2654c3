// SPDX-License-Identifier: MIT
// Floor: 5
/* check: runs scenarios and says whether each verdict is the expected one. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <pagesim/scenario.h>

#include "json_line.h"
#include "ktap.h"
#include "select.h"

static const char help[] =
	"usage: pagesim check NAME... [OPTIONS]\n"
	"       pagesim check --all [OPTIONS]\n"
	"\n"
	"Runs the scenarios whose names match and compares each variant's verdict\n"
	"with the expected one. NAME and --variant may be patterns: 'folio/*'.\n"
	"\n"
	"  --all           every scenario\n"
	"  --variant V     only the variants whose names match V\n"
	"  --mode MODE     stress: on real threads, with delays where races are\n"
	"                  explore: every execution that the model allows\n"
	"                  pct, random: some of them\n"
	"  --model MODEL   of an exploration: sc, tso or weak (sc)\n"
	"  --trace FILE    where an execution that fails is written; the last one\n"
	"  --max-execs N   at most N executions of each variant\n"
	"  --max-time S    at most S seconds for each variant\n"
	"  --seed N        of the delays (1)\n"
	"  --json          one object for each variant, on a line of its own;\n"
	"                  else KTAP\n"
	"  --verbose       what was reported, also where it was expected\n"
	"  --help          this text\n"
	"\n"
	"Exit status: 0 every verdict is the expected one, 1 one is not, 2 usage.\n";

struct options {
	struct selection selection;
	struct pagesim_run_options run;
	bool json;
};

/* ---- the command line ---- */

static int bad(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "pagesim: %s %s: wants %s\n", option, value, wanted);
	return -1;
}

static int parse_number(const char *option, const char *text,
			unsigned long long *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (end == text || *end || errno || text[0] == '-')
		return bad(option, text, "a number");
	return 0;
}

static int parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end == text || *end || !(*seconds > 0))
		return bad("--max-time", text, "seconds, more than 0");
	return 0;
}

static int parse_execs(const char *text, unsigned long *execs)
{
	unsigned long long number;

	if (parse_number("--max-execs", text, &number))
		return -1;
	if (!number)
		return bad("--max-execs", text, "1 or more");
	*execs = number;
	return 0;
}

static int parse_mode(const char *text, enum pagesim_mode *mode)
{
	for (int m = 0; m < PAGESIM_NR_MODES; m++)
		if (!strcmp(text, pagesim_mode_name((enum pagesim_mode)m))) {
			*mode = (enum pagesim_mode)m;
			return 0;
		}
	return bad("--mode", text, "stress, explore, pct or random");
}

static int parse_model(const char *text, enum pagesim_model *model)
{
	for (int m = 0; m < PAGESIM_NR_MODELS; m++)
		if (!strcmp(text, pagesim_model_name(PAGESIM_MODE_EXPLORE,
						     (enum pagesim_model)m))) {
			*model = (enum pagesim_model)m;
			return 0;
		}
	return bad("--model", text, "sc, tso or weak");
}

static int parse_option(struct options *options, int c)
{
	switch (c) {
	case 'a':
		options->selection.all = true;
		return 0;
	case 'v':
		options->selection.variant = optarg;
		return 0;
	case 'm':
		return parse_mode(optarg, &options->run.mode);
	case 'M':
		return parse_model(optarg, &options->run.model);
	case 'T':
		options->run.trace = optarg;
		return 0;
	case 'n':
		return parse_execs(optarg, &options->run.max_execs);
	case 't':
		return parse_seconds(optarg, &options->run.max_time);
	case 's':
		return parse_number("--seed", optarg, &options->run.seed);
	case 'j':
		options->json = true;
		return 0;
	case 'V':
		options->run.verbose = true;
		return 0;
	default: /* getopt_long() has said it */
		return -1;
	}
}

static const struct option longopts[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "variant", required_argument, NULL, 'v' },
	{ "mode", required_argument, NULL, 'm' },
	{ "model", required_argument, NULL, 'M' },
	{ "trace", required_argument, NULL, 'T' },
	{ "max-execs", required_argument, NULL, 'n' },
	{ "max-time", required_argument, NULL, 't' },
	{ "seed", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "verbose", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* A status to end with, or -1 to go on. */
static int parse_options(struct options *options, int argc, char **argv)
{
	int c;

	pagesim_run_options_init(&options->run);
	if (!pagesim_has_mode(PAGESIM_MODE_STRESS))
		options->run.mode = PAGESIM_MODE_EXPLORE;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return STATUS_OK;
		}
		if (parse_option(options, c))
			return STATUS_USAGE;
	}
	options->selection.patterns = argv + optind;
	if (options->selection.all == (optind < argc)) {
		fputs("pagesim: check wants NAME... or --all (pagesim check --help)\n",
		      stderr);
		return STATUS_USAGE;
	}
	return -1;
}

/* ---- results ---- */

static void print_result_json(const struct pagesim_scenario *scenario,
			      const struct pagesim_variant *variant,
			      const struct pagesim_result *result,
			      const struct pagesim_run_options *run)
{
	struct json_object *object = json_object_new_object();
	char seconds[32];

	json_line_add(object, "scenario", scenario->name);
	json_line_add(object, "variant", variant->name);
	json_line_add(object, "mode", pagesim_mode_name(run->mode));
	json_line_add(object, "model",
		      pagesim_model_name(run->mode, run->model));
	json_line_add(object, "verdict", pagesim_verdict_name(result->verdict));
	json_line_add(object, "expected",
		      pagesim_verdict_name(result->expected));
	json_object_object_add(
		object, "executions",
		json_object_new_int64((int64_t)result->executions));
	snprintf(seconds, sizeof(seconds), "%.6f", result->seconds);
	json_object_object_add(object, "seconds",
			       json_object_new_double_s(result->seconds,
							seconds));
	json_line_add(object, "trace", result->has_trace ? run->trace : NULL);
	json_object_object_add(object, "blocked",
			       json_object_new_int64((int64_t)result->blocked));
	json_line_add(object, "report", result->report);
	json_object_object_add(object, "skipped",
			       json_object_new_boolean(result->skipped));
	json_object_object_add(
		object, "ok",
		json_object_new_boolean(pagesim_result_ok(result)));
	json_object_object_add(object, "seed",
			       json_object_new_int64((int64_t)run->seed));
	json_line_print(object);
}

/* ---- running ---- */

struct shown {
	const struct pagesim_scenario *scenario;
	const struct pagesim_variant *variant;
};

static void show_progress(unsigned long executions, void *data)
{
	const struct shown *shown = data;

	fprintf(stderr, "\r\033[K%s %s: %lu executions", shown->scenario->name,
		shown->variant->name, executions);
	fflush(stderr);
}

static void clear_progress(const struct pagesim_run_options *run)
{
	if (run->progress)
		fputs("\r\033[K", stderr);
}

/* Returns a status. */
static int check_variant(const struct options *options,
			 const struct pagesim_scenario *scenario,
			 const struct pagesim_variant *variant,
			 struct ktap *ktap)
{
	struct shown shown = { scenario, variant };
	struct pagesim_run_options run = options->run;
	struct pagesim_result result;
	int err;

	if (isatty(STDERR_FILENO))
		run.progress = show_progress;
	run.progress_data = &shown;
	err = pagesim_run(scenario, variant, &run, &result);
	clear_progress(&run);
	if (err) {
		fprintf(stderr, "pagesim: %s %s: %s\n", scenario->name,
			variant->name, pagesim_error());
		return STATUS_USAGE;
	}
	if (options->json)
		print_result_json(scenario, variant, &result, &run);
	else
		ktap_variant(ktap, variant, &result);
	return pagesim_result_ok(&result) ? STATUS_OK : STATUS_UNEXPECTED;
}

static int check_scenario(const struct options *options,
			  const struct pagesim_scenario *scenario,
			  struct ktap *ktap)
{
	unsigned int nr = nr_selected_variants(&options->selection, scenario);
	const struct pagesim_variant *variant;
	int worst = STATUS_OK;

	if (!nr)
		return STATUS_OK;
	if (!options->json)
		ktap_scenario(ktap, scenario, nr);
	for (variant = scenario->variants; variant->name; variant++) {
		int status;

		if (!selected_variant(&options->selection, variant))
			continue;
		status = check_variant(options, scenario, variant, ktap);
		if (status > worst)
			worst = status;
	}
	if (!options->json)
		ktap_scenario_end(ktap, scenario);
	return worst;
}

int pagesim_check_main(int argc, char **argv,
		       const struct pagesim_scenario *const *scenarios)
{
	struct options options = { .json = false };
	struct ktap ktap;
	unsigned int nr = 0;
	int status, worst = STATUS_OK;

	status = parse_options(&options, argc, argv);
	if (status >= 0)
		return status;
	if (check_patterns(&options.selection, scenarios))
		return STATUS_USAGE;
	for (size_t i = 0; scenarios[i]; i++)
		nr += nr_selected_variants(&options.selection, scenarios[i]) >
		      0;
	if (!options.json)
		ktap_begin(&ktap, stdout, nr);
	for (; *scenarios; scenarios++) {
		status = check_scenario(&options, *scenarios, &ktap);
		if (status > worst)
			worst = status;
	}
	return worst;
}
