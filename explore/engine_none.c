// SPDX-License-Identifier: MIT
// Floor: 0
/* Engines to come. */
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"

static void missing(const char *name)
{
	fprintf(stderr, "explore: there is no %s engine yet\n", name);
	exit(2);
}

void ex_engine_weak(struct ex_result *result)
{
	(void)result;
	missing("weak");
}

void ex_replay_weak(const struct ex_step *steps, int nr,
		    struct ex_result *result)
{
	(void)steps;
	(void)nr;
	(void)result;
	missing("weak");
}
