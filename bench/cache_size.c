// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * From sysfs and not from sysconf(): that of glibc 2.36 takes all the L3
 * caches of some processors for one.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cache_size.h"

#define MAX_CACHES 8

static bool read_line(int index, const char *name, char line[32])
{
	char path[128];
	FILE *file;
	bool got;

	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
	file = fopen(path, "r");
	if (!file)
		return false;
	got = fgets(line, 32, file);
	fclose(file);
	return got;
}

unsigned long cache_size(int level)
{
	char line[32];

	for (int index = 0; index < MAX_CACHES; index++) {
		unsigned long kib;
		int its_level;

		if (!read_line(index, "level", line) ||
		    sscanf(line, "%d", &its_level) != 1 || its_level != level)
			continue;
		if (!read_line(index, "type", line) ||
		    !strncmp(line, "Instruction", 11))
			continue;
		if (read_line(index, "size", line) &&
		    sscanf(line, "%luK", &kib) == 1)
			return kib << 10;
	}
	return 0;
}
