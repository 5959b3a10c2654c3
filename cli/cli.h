/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* What the subcommands of pagesim share. */
#ifndef PAGESIM_CLI_H
#define PAGESIM_CLI_H

#include <stdbool.h>
#include <json-c/json.h>

/* Exit status of every subcommand. */
enum {
	EXIT_OK = 0,
	EXIT_DIFFERS = 1, /* it ran, and what it checked does not hold */
	EXIT_BAD_INPUT = 2, /* usage, or a file that breaks a rule */
};

int cmd_map(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_replay(int argc, char **argv);

/* Prints "pagesim: " and pagesim_error() in one line. */
int fail_with_error(void);

/* "512G" or "65536"; returns 0 for what is no size. */
unsigned long long parse_size(const char *text);

/* Prints to standard output, and frees. */
void print_json(struct json_object *object);

/* A line on a terminal's standard error that is overwritten; else nothing. */
void progress_show(const char *what, unsigned long done, unsigned long all);
void progress_clear(void);

#endif /* PAGESIM_CLI_H */
