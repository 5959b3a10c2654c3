// SPDX-License-Identifier: MIT
// Floor: 0
/* The answer as text and as JSON, and the lanes of an execution. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime.h"
#include "trace.h"
#include "trace_file.h"

enum {
	LANE = 14,
	PLACE_COLUMN = 52
};

static const char *const order_names[] = {
	[__ATOMIC_RELAXED] = "",	[__ATOMIC_CONSUME] = " consume",
	[__ATOMIC_ACQUIRE] = " acq",	[__ATOMIC_RELEASE] = " rel",
	[__ATOMIC_ACQ_REL] = " acqrel", [__ATOMIC_SEQ_CST] = " sc",
};

/* The value that a program of its size would print. */
static const char *value_text(uint64_t value, int size, char *text, size_t room)
{
	if (size == 8 && value > 0xffffffffu && value < ~0xffffull)
		snprintf(text, room, "%#" PRIx64, value);
	else if (size == 8)
		snprintf(text, room, "%" PRId64, (int64_t)value);
	else if (size == 4)
		snprintf(text, room, "%" PRId32, (int32_t)value);
	else
		snprintf(text, room, "%" PRIu64, value);
	return text;
}

static int describe_access(const struct ex_step *step, char *text, size_t room)
{
	const struct ex_op *op = &step->op;
	char object[96], old[32], new[32];
	const char *order = order_names[op->order];

	ex_object(op->addr, object, sizeof(object));
	value_text(step->value, op->size, old, sizeof(old));
	value_text(step->wrote, op->size, new, sizeof(new));
	if (step->commit)
		return snprintf(text, room, "%s = %s in memory", object, new);
	switch (op->kind) {
	case EX_LOAD:
		return snprintf(text, room, "%s -> %s%s%s", object, old, order,
				step->stale ? " (stale)" : "");
	case EX_STORE:
		return snprintf(text, room, "%s = %s%s", object, new, order);
	case EX_CMPXCHG:
		if (!step->writes)
			return snprintf(text, room, "%s -> %s, unchanged",
					object, old);
		break;
	default:
		break;
	}
	return snprintf(text, room, "%s: %s -> %s%s", object, old, new, order);
}

static int describe_step(const struct ex_step *step, char *text, size_t room)
{
	const struct ex_op *op = &step->op;
	char object[96];

	switch (op->kind) {
	case EX_FENCE:
		return snprintf(text, room, "fence%s", order_names[op->order]);
	case EX_CREATE:
		return snprintf(text, room, "starts %" PRIu64, step->value);
	case EX_JOIN:
		return snprintf(text, room, "joins %" PRIu64, op->arg);
	case EX_CHOICE:
		return snprintf(text, room, "%s: %" PRIu64 " of %" PRIu64,
				op->name ? op->name : "choice", step->value,
				op->arg);
	case EX_RCU_LOCK:
		return snprintf(text, room, "rcu_read_lock");
	case EX_RCU_UNLOCK:
		return snprintf(text, room, "rcu_read_unlock");
	case EX_RCU_SYNC_BEGIN:
		return snprintf(text, room, "grace period begins");
	case EX_RCU_SYNC_END:
		return snprintf(text, room, "grace period ends");
	default:
		break;
	}
	if (op->flags & (EX_LOCK | EX_UNLOCK) && !step->commit) {
		ex_object(op->addr, object, sizeof(object));
		return snprintf(text, room, "%s %s%s",
				op->flags & EX_LOCK ? "lock" : "unlock", object,
				op->kind == EX_CMPXCHG && !step->writes
					? ": is held"
					: "");
	}
	return describe_access(step, text, room);
}

static int print_from(const struct ex_step *step, FILE *out)
{
	bool reads = step->op.kind == EX_LOAD || step->op.kind == EX_RMW ||
		     step->op.kind == EX_CMPXCHG;

	if (!reads || step->commit || step->from < 0)
		return 0;
	return fprintf(out, " <%d", step->from + 1);
}

static void print_step(const struct ex_step *step, int number, FILE *out)
{
	char text[256], place[256] = "";
	const char *line;
	int n;

	n = fprintf(out, "%4d ", number);
	n += fprintf(out, "%*s", step->thread * LANE, "");
	describe_step(step, text, sizeof(text));
	n += fprintf(out, "%s", text);
	n += print_from(step, out);
	ex_place(step->op.pc, place, sizeof(place));
	line = strstr(place, " at ");
	if (!step->commit)
		fprintf(out, "%*s  %s", n < PLACE_COLUMN ? PLACE_COLUMN - n : 0,
			"", line ? line + 4 : place);
	fprintf(out, "\n");
}

static void print_lanes(const struct ex_result *result, FILE *out)
{
	const void *pcs[1024] = { NULL };
	int i, threads = 0;

	for (i = 0; i < result->nr_steps; i++) {
		if (i < 1024)
			pcs[i] = result->trace[i].op.pc;
		if (result->trace[i].thread >= threads)
			threads = result->trace[i].thread + 1;
	}
	ex_places(pcs, i < 1024 ? i : 1024);
	fprintf(out, "\nthe execution (<n: reads what step n wrote):\nstep ");
	for (i = 0; i < threads; i++)
		fprintf(out, "thread %-*d", LANE - 7, i);
	fprintf(out, "\n");
	for (i = 0; i < result->nr_steps; i++)
		print_step(&result->trace[i], i + 1, out);
}

/* ---- JSON ---- */

static void print_string(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			fprintf(out, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void print_json(const struct ex_result *result, FILE *out)
{
	char text[256], place[256];
	int i;

	fprintf(out,
		"{\"verdict\": \"%s\", \"model\": \"%s\", "
		"\"executions\": %" PRIu64 ", \"blocked\": %" PRIu64
		", \"operations\": %" PRIu64 ", \"seconds\": %.6f",
		ex_verdict_name(result->verdict),
		ex_model_name(ex_options.model), result->executions,
		result->blocked, result->steps, result->seconds);
	if (result->bound)
		fprintf(out, ", \"bound\": \"%s\"", result->bound);
	if (result->text[0]) {
		fprintf(out, ", \"text\": ");
		print_string(result->text, out);
	}
	for (i = 0; i < result->nr_steps; i++) {
		const struct ex_step *step = &result->trace[i];

		describe_step(step, text, sizeof(text));
		ex_place(step->op.pc, place, sizeof(place));
		fprintf(out, "%s{\"thread\": %d, \"operation\": ",
			i ? ", " : ", \"trace\": [", step->thread);
		print_string(text, out);
		fprintf(out, ", \"place\": ");
		print_string(place, out);
		if (step->from >= 0)
			fprintf(out, ", \"from\": %d", step->from);
		fprintf(out, "}");
	}
	fprintf(out, "%s}\n", result->nr_steps ? "]" : "");
}

/* ---- text ---- */

static void print_text(const struct ex_result *result, FILE *out)
{
	fprintf(out, "%s: %" PRIu64 " executions",
		ex_verdict_name(result->verdict), result->executions);
	if (result->blocked)
		fprintf(out, ", %" PRIu64 " blocked", result->blocked);
	fprintf(out, ", %.3f s (%s)", result->seconds,
		ex_model_name(ex_options.model));
	if (result->bound)
		fprintf(out, ", bound hit: %s", result->bound);
	fprintf(out, "\n");
	if (result->text[0])
		fprintf(out, "%s\n", result->text);
	if (result->trace)
		print_lanes(result, out);
}

bool trace_print_result(const struct ex_result *result)
{
	if (ex_options.json)
		print_json(result, stdout);
	else
		print_text(result, stdout);
	fflush(stdout);
	if (!result->trace || !ex_options.trace || ex_options.mode == EX_REPLAY)
		return true;
	return trace_write(result, ex_options.trace);
}
