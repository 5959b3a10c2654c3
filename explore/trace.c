// SPDX-License-Identifier: MIT
// Floor: 0
/* An execution as lanes of text, one for each thread. */
#include <inttypes.h>
#include <stdio.h>

#include "runtime.h"
#include "trace.h"

void trace_print_result(const struct ex_result *result)
{
	printf("%s: %" PRIu64 " executions", ex_verdict_name(result->verdict),
	       result->executions);
	if (result->blocked)
		printf(", %" PRIu64 " blocked", result->blocked);
	printf(", %.3f s", result->seconds);
	if (result->bound)
		printf(", bound: %s", result->bound);
	printf("\n");
	if (result->text[0])
		printf("%s\n", result->text);
}
