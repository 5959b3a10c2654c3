// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Names for addresses: functions and lines by addr2line, variables by nm,
 * objects by the heap. Only asked once something was found, and then for
 * many addresses at once, since each question starts a process.
 */
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime.h"

enum {
	MAX_PLACES = 1024,
	MAX_ASKED = 64
};

struct place {
	const void *pc;
	char *text;
};

struct symbol {
	uintptr_t start;
	char *name;
};

static uintptr_t load_base EX_STATE = 0;
static char executable[512] EX_STATE = "";
static struct place places[MAX_PLACES] EX_STATE = {};
static int nr_places EX_STATE = 0;
static struct symbol *symbols EX_STATE = NULL;
static int nr_symbols EX_STATE = 0, room_symbols EX_STATE = 0;

static char *keep(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(ex_alloc(size), text, size);
}

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

/* ---- code ---- */

static const char *known_place(const void *pc)
{
	int i;

	for (i = 0; i < nr_places; i++) {
		if (places[i].pc == pc)
			return places[i].text;
	}
	return NULL;
}

/* "name at file:line", or where the line is not known the address. */
static void ask_places(const void *const *pcs, int nr)
{
	char command[2048], line[512];
	size_t n;
	FILE *pipe;
	int i;

	find_executable();
	n = (size_t)snprintf(command, sizeof(command),
			     "addr2line -f -p -s -e '%s'", executable);
	for (i = 0; i < nr; i++)
		n += (size_t)snprintf(command + n, sizeof(command) - n, " %#lx",
				      (uintptr_t)pcs[i] - load_base - 1);
	snprintf(command + n, sizeof(command) - n, " 2>/dev/null");
	pipe = popen(command, "r");
	if (!pipe)
		return;
	for (i = 0; i < nr && fgets(line, sizeof(line), pipe); i++) {
		line[strcspn(line, "\n")] = '\0';
		/* Not: which of several copies of a line it is. */
		line[strcspn(line, "(")] = '\0';
		if (nr_places == MAX_PLACES)
			break;
		places[nr_places].pc = pcs[i];
		places[nr_places++].text = keep(line);
	}
	pclose(pipe);
}

void ex_places(const void *const *pcs, int nr)
{
	const void *asked[MAX_ASKED];
	int n = 0, i, j;

	for (i = 0; i < nr; i++) {
		if (!ex_is_program(pcs[i]) || known_place(pcs[i]))
			continue;
		for (j = 0; j < n && asked[j] != pcs[i]; j++)
			;
		if (j < n)
			continue;
		asked[n++] = pcs[i];
		if (n == MAX_ASKED) {
			ask_places(asked, n);
			n = 0;
		}
	}
	if (n)
		ask_places(asked, n);
}

void ex_place(const void *pc, char *text, size_t room)
{
	const char *known;

	ex_places(&pc, 1);
	known = known_place(pc);
	if (known && known[0] != '?')
		snprintf(text, room, "%s", known);
	else
		snprintf(text, room, "%p", pc);
}

/* ---- data ---- */

static void add_symbol(uintptr_t start, const char *name)
{
	if (nr_symbols == room_symbols) {
		int room = room_symbols ? 2 * room_symbols : 256;
		struct symbol *more = ex_alloc((size_t)room * sizeof(*symbols));

		if (nr_symbols)
			memcpy(more, symbols,
			       (size_t)nr_symbols * sizeof(*symbols));
		symbols = more;
		room_symbols = room;
	}
	symbols[nr_symbols].start = start;
	symbols[nr_symbols++].name = keep(name);
}

/* Variables, in the order of their addresses. */
static void read_symbols(void)
{
	char command[1024], line[512], name[256], type;
	unsigned long start;
	FILE *pipe;

	find_executable();
	snprintf(command, sizeof(command), "nm -n '%s' 2>/dev/null",
		 executable);
	pipe = popen(command, "r");
	if (!pipe)
		return;
	while (fgets(line, sizeof(line), pipe)) {
		if (sscanf(line, "%lx %c %255s", &start, &type, name) == 3 &&
		    strchr("bBdD", type))
			add_symbol(start, name);
	}
	pclose(pipe);
}

static bool describe_symbol(const void *addr, char *text, size_t room)
{
	uintptr_t at = (uintptr_t)addr;
	int i, found = -1;

	if (!nr_symbols)
		read_symbols();
	at -= load_base;
	for (i = 0; i < nr_symbols && symbols[i].start <= at; i++)
		found = i;
	if (found < 0 || found == nr_symbols - 1)
		return false;
	at -= symbols[found].start;
	if (at)
		snprintf(text, room, "%s+%lu", symbols[found].name, at);
	else
		snprintf(text, room, "%s", symbols[found].name);
	return true;
}

void ex_object(const void *addr, char *text, size_t room)
{
	struct ex_thread *owner = fiber_of_stack(addr);

	if (heap_describe(addr, text, room))
		return;
	if (owner)
		snprintf(text, room, "%p on the stack of thread %d", addr,
			 owner->id);
	else if (!describe_symbol(addr, text, room))
		snprintf(text, room, "%p", addr);
}
