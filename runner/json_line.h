/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* An object on a line of standard output. */
#ifndef PAGESIM_RUNNER_JSON_LINE_H
#define PAGESIM_RUNNER_JSON_LINE_H

#include <json-c/json.h>

/* NULL and "" become null. */
void json_line_add(struct json_object *object, const char *key,
		   const char *value);

/* Prints, at once, and frees. */
void json_line_print(struct json_object *object);

#endif /* PAGESIM_RUNNER_JSON_LINE_H */
