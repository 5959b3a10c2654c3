/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/*
 * What an exploration found, as text: the verdict, the failing execution in
 * lanes, and a file from which it is replayed.
 *
 * The file, version 1, is lines of text:
 *
 *	pagesim-trace 1
 *	model tso
 *	verdict assertion
 *	program WORDS                  for who has many; may be left out
 *	step THREAD OPERATION FROM     FROM: the step whose value it reads,
 *	step THREAD commit FROM        counted from 0; - the initial value
 *	step THREAD choice VALUE
 *	end
 *
 * No values and no addresses: both may differ in another process.
 */
#ifndef PAGESIM_EXPLORE_TRACE_H
#define PAGESIM_EXPLORE_TRACE_H

#include "engine.h"

/*
 * The verdict, by the options as text or JSON, and the failing execution;
 * also into the trace file. Returns false if that cannot be written.
 */
bool trace_print_result(const struct ex_result *result);

/*
 * Reads a file into steps, of which thread, commit, op.kind, from, and of a
 * choice value are set. Sets the model. Prints what is wrong and returns
 * NULL if the file is no trace.
 */
struct ex_step *trace_read(const char *file, int *nr, enum ex_model *model);

#endif /* PAGESIM_EXPLORE_TRACE_H */
