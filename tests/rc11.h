/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/*
 * RC11 with po and rf acyclic, word for word: every way to give the reads of
 * a program their writes and the writes their orders, each held against the
 * axioms as they stand in the paper (Lahav, Vafeiadis, Kang, Hur, Dreyer:
 * Repairing Sequential Consistency in C/C++11, PLDI 2017), by matrices.
 * Release sequences are C++20's, without later writes of the same thread.
 */
#ifndef PAGESIM_RC11_H
#define PAGESIM_RC11_H

#include "explore_table.h"

/* Calls end for each execution; returns how many there are, or -1: too many. */
long rc11_enumerate(const struct t_program *program, t_end *end, void *data,
		    long limit);

#endif /* PAGESIM_RC11_H */
