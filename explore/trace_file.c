// SPDX-License-Identifier: MIT
// Floor: 0
/* Writes and reads trace files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "trace.h"
#include "trace_file.h"

enum {
	VERSION = 1,
	MAX_STEPS = 1 << 18
};

static const char *const kind_names[EX_NR_KINDS] = {
	[EX_LOAD] = "load",
	[EX_STORE] = "store",
	[EX_RMW] = "rmw",
	[EX_CMPXCHG] = "cmpxchg",
	[EX_FENCE] = "fence",
	[EX_CREATE] = "create",
	[EX_JOIN] = "join",
	[EX_CHOICE] = "choice",
	[EX_FREE] = "free",
	[EX_RCU_LOCK] = "rcu-lock",
	[EX_RCU_UNLOCK] = "rcu-unlock",
	[EX_RCU_SYNC_BEGIN] = "gp-begin",
	[EX_RCU_SYNC_END] = "gp-end",
};

static const char *const model_names[] = { "sc", "tso", "weak" };

const char *ex_model_name(enum ex_model model)
{
	return model_names[model];
}

bool trace_write(const struct ex_result *result, const char *file)
{
	FILE *out = fopen(file, "w");
	int i;

	if (!out) {
		fprintf(stderr, "%s: %s\n", file, strerror(errno));
		return false;
	}
	fprintf(out, "pagesim-trace %d\nmodel %s\nverdict %s\n", VERSION,
		ex_model_name(ex_options.model),
		ex_verdict_name(result->verdict));
	if (ex_options.program)
		fprintf(out, "program %s\n", ex_options.program);
	for (i = 0; i < result->nr_steps; i++) {
		const struct ex_step *step = &result->trace[i];

		fprintf(out, "step %d %s ", step->thread,
			step->commit ? "commit" : kind_names[step->op.kind]);
		if (step->op.kind == EX_CHOICE)
			fprintf(out, "%d\n", (int)step->value);
		else if (step->from < 0)
			fprintf(out, "-\n");
		else
			fprintf(out, "%d\n", step->from);
	}
	fprintf(out, "end\n");
	if (fclose(out)) {
		fprintf(stderr, "%s: %s\n", file, strerror(errno));
		return false;
	}
	return true;
}

static int find_name(const char *name, const char *const *list, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (list[i] && !strcmp(list[i], name))
			return i;
	}
	return -1;
}

/* One line after "step "; false: it is none. */
static bool read_step(const char *line, struct ex_step *step)
{
	char kind[32], from[32];
	int n = 0;

	if (sscanf(line, "step %d %31s %31s %n", &step->thread, kind, from,
		   &n) != 3 ||
	    line[n] || step->thread < 0 || step->thread >= EX_MAX_THREADS)
		return false;
	step->commit = !strcmp(kind, "commit");
	n = step->commit ? EX_STORE : find_name(kind, kind_names, EX_NR_KINDS);
	if (n < 0)
		return false;
	step->op.kind = (uint8_t)n;
	step->from = -1;
	if (!strcmp(from, "-"))
		return true;
	if (sscanf(from, "%d%n", &step->from, &n) != 1 || from[n])
		return false;
	step->value = (uint64_t)step->from;
	return true;
}

/* The line's meaning: 1 goes on, 0 the end, -1 wrong. */
static int read_line(const char *line, int number, struct ex_step *steps,
		     int *nr, enum ex_model *model)
{
	char word[32];
	int value;

	if (number == 1)
		return sscanf(line, "pagesim-trace %d", &value) == 1 &&
				       value == VERSION
			       ? 1
			       : -1;
	if (!strncmp(line, "end", 3))
		return 0;
	if (sscanf(line, "model %31s", word) == 1) {
		value = find_name(word, model_names, 3);
		*model = (enum ex_model)value;
		return value < 0 ? -1 : 1;
	}
	if (!strncmp(line, "verdict ", 8) || !strncmp(line, "program ", 8))
		return 1;
	if (*nr == MAX_STEPS || !read_step(line, &steps[*nr]))
		return -1;
	++*nr;
	return 1;
}

struct ex_step *trace_read(const char *file, int *nr, enum ex_model *model)
{
	struct ex_step *steps = ex_alloc(sizeof(*steps) * MAX_STEPS);
	int number = 0, more = 1;
	char line[256];
	FILE *in;

	*nr = 0;
	in = fopen(file, "r");
	if (!in) {
		fprintf(stderr, "%s: %s\n", file, strerror(errno));
		return NULL;
	}
	while (more > 0 && fgets(line, sizeof(line), in))
		more = read_line(line, ++number, steps, nr, model);
	fclose(in);
	if (more == 0)
		return steps;
	if (more < 0)
		fprintf(stderr, "%s:%d: no line of a trace of version %d\n",
			file, number, VERSION);
	else
		fprintf(stderr, "%s: ends without \"end\"\n", file);
	return NULL;
}
