// SPDX-License-Identifier: MIT
// Floor: 0
/* Names for addresses: functions, lines, variables, objects of the heap. */
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime.h"

static uintptr_t load_base EX_STATE = 0;
static char executable[512] EX_STATE = "";

static int find_base(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	load_base = info->dlpi_addr;
	return 1;
}

static void find_executable(void)
{
	ssize_t n;

	if (executable[0])
		return;
	dl_iterate_phdr(find_base, NULL);
	n = readlink("/proc/self/exe", executable, sizeof(executable) - 1);
	executable[n > 0 ? n : 0] = '\0';
}

/* The first line of what a command prints, or nothing. */
static bool ask(const char *command, char *line, size_t room)
{
	FILE *pipe = popen(command, "r");
	bool got;

	if (!pipe)
		return false;
	got = fgets(line, (int)room, pipe) != NULL;
	pclose(pipe);
	if (got)
		line[strcspn(line, "\n")] = '\0';
	return got;
}

void ex_place(const void *pc, char *text, size_t room)
{
	char command[1024], line[512];

	find_executable();
	snprintf(text, room, "%p", pc);
	if (!ex_is_program(pc))
		return;
	snprintf(command, sizeof(command),
		 "addr2line -f -p -s -e '%s' %#lx 2>/dev/null", executable,
		 (uintptr_t)pc - load_base - 1);
	if (ask(command, line, sizeof(line)) && line[0] != '?')
		snprintf(text, room, "%s", line);
}

void ex_object(const void *addr, char *text, size_t room)
{
	char command[1024], line[512];
	unsigned long start = 0;
	char name[256];

	find_executable();
	if (heap_describe(addr, text, room))
		return;
	if (fiber_of_stack(addr)) {
		snprintf(text, room, "%p on the stack of thread %d", addr,
			 fiber_of_stack(addr)->id);
		return;
	}
	snprintf(text, room, "%p", addr);
	snprintf(command, sizeof(command),
		 "nm -n '%s' 2>/dev/null | awk '$2 ~ /[bBdDsS]/ && "
		 "(\"0x\" $1) != \"\" { if ($1 <= \"%016lx\") line = $1 \" \" "
		 "$3; else exit } END { print line }'",
		 executable, (uintptr_t)addr - load_base);
	if (!ask(command, line, sizeof(line)) ||
	    sscanf(line, "%lx %255s", &start, name) != 2)
		return;
	start = (uintptr_t)addr - load_base - start;
	if (start == 0)
		snprintf(text, room, "%s", name);
	else if (start < 65536)
		snprintf(text, room, "%s+%lu", name, start);
}
