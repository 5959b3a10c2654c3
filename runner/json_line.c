// SPDX-License-Identifier: MIT
// Floor: 5
#include <stdio.h>

#include "json_line.h"

void json_line_add(struct json_object *object, const char *key,
		   const char *value)
{
	json_object_object_add(object, key,
			       value && value[0] ? json_object_new_string(value)
						 : NULL);
}

void json_line_print(struct json_object *object)
{
	puts(json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(object);
}
