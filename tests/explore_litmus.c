// SPDX-License-Identifier: MIT
// Floor: 5
/* Programs out of short texts; see explore_litmus.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore_litmus.h"

static void bad(const char *text, const char *at)
{
	fprintf(stderr, "litmus: \"%s\": cannot read \"%s\"\n", text, at);
	abort();
}

static uint8_t order_of(const char **at)
{
	static const struct {
		const char *name;
		uint8_t order;
	} names[] = {
		{ ".sc", __ATOMIC_SEQ_CST },
		{ ".ar", __ATOMIC_ACQ_REL },
		{ ".a", __ATOMIC_ACQUIRE },
		{ ".r", __ATOMIC_RELEASE },
	};
	size_t i, n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		n = strlen(names[i].name);
		if (!strncmp(*at, names[i].name, n)) {
			*at += n;
			return names[i].order;
		}
	}
	return __ATOMIC_RELAXED;
}

static uint8_t location(const char *text, char c)
{
	static const char names[] = "xyzw";
	const char *at = strchr(names, c);

	if (!at || !c)
		bad(text, "a location");
	return (uint8_t)(at - names);
}

static int digit(const char **at)
{
	return *(*at)++ - '0';
}

/* One line; at is behind its letter. */
static void parse_line(const char *text, char letter, const char **at,
		       struct t_op *op)
{
	static const char letters[] = "WRAXCFLUVOKQ";
	static const uint8_t kinds[] = { EX_STORE,    EX_LOAD,	     EX_RMW,
					 EX_RMW,      EX_CMPXCHG,    EX_FENCE,
					 EX_RCU_LOCK, EX_RCU_UNLOCK, EX_RMW,
					 EX_RMW,      EX_RMW,	     EX_STORE };
	const char *found = strchr(letters, letter);

	if (!found || !letter)
		bad(text, *at - 1);
	op->kind = kinds[found - letters];
	if (strchr("WRAXCVOKQ", letter))
		op->x = location(text, *(*at)++);
	switch (letter) {
	case 'W':
	case 'A':
	case 'X':
	case 'O':
		op->arg = (uint64_t)digit(at);
		break;
	case 'C':
		op->expected = (uint64_t)digit(at);
		op->arg = (uint64_t)digit(at);
		break;
	case 'K':
	case 'V':
		op->arg = 1;
		break;
	default:
		break;
	}
	if (letter == 'X' || letter == 'K')
		op->fn = EX_FN_XCHG;
	if (letter == 'O')
		op->fn = EX_FN_OR;
	if (letter == 'V' || letter == 'O')
		op->flags = EX_VOID;
	if (letter == 'K')
		op->flags = EX_LOCK | EX_AWAIT;
	if (letter == 'Q')
		op->flags = EX_UNLOCK;
	if (**at == '?') {
		++*at;
		op->flags |= EX_AWAIT;
		op->want = (uint8_t)digit(at);
	}
	op->order = order_of(at);
	if (letter == 'K')
		op->order = __ATOMIC_ACQUIRE;
	if (letter == 'Q')
		op->order = __ATOMIC_RELEASE;
	if (**at == '/') {
		++*at;
		op->fail_order = order_of(at);
	}
}

void litmus_parse(const char *text, struct t_program *program)
{
	const char *at = text;
	int line = 0;
	char letter;

	memset(program, 0, sizeof(*program));
	program->nr_threads = 1;
	while (*at) {
		letter = *at++;
		if (letter == ' ')
			continue;
		if (letter == '|') {
			program->nr_threads++;
			line = 0;
			continue;
		}
		struct t_op *ops = program->ops[program->nr_threads - 1];

		if (letter == 'S') {
			ops[line++].kind = EX_RCU_SYNC_BEGIN;
			ops[line++].kind = EX_RCU_SYNC_END;
			continue;
		}
		parse_line(text, letter, &at, &ops[line++]);
	}
}

bool litmus_matches(const char *outcome, const struct t_state *state)
{
	const char *at = outcome;
	uint64_t value;
	int thread;

	while (*at) {
		if (*at == ' ') {
			at++;
			continue;
		}
		if (strchr("xyzw", *at)) {
			value = state->memory[location(outcome, *at)];
			at++;
		} else {
			thread = digit(&at);
			at++;
			value = state->read[thread][digit(&at)];
		}
		if (*at++ != '=')
			bad(outcome, at - 1);
		if (value != (uint64_t)digit(&at))
			return false;
	}
	return true;
}
