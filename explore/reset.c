// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Puts the program's memory back. Small areas, such as .data and .bss of
 * most programs, are copied whole. Of large ones only the pages that were
 * ever written: they start read-only, the first write to a page saves a
 * copy of it and lets all later writes pass, so that the price is paid once
 * a page and then as much as was dirtied is copied.
 *
 * The globals of the explorer lie in a section of their own (EX_STATE),
 * which is left out.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime.h"

enum {
	MAX_AREAS = 64,
	MAX_WHOLE = 32 << 10,
	PAGE = 4096
};

struct area {
	char *start;
	char *end;
};

struct saved {
	char *start;
	char *copy;
	size_t size;
};

static struct area areas[MAX_AREAS] EX_STATE = {};
static int nr_areas EX_STATE = 0;
static int nr_guarded EX_STATE = 0; /* of areas, once they are snapshot */
static struct area guarded[MAX_AREAS] EX_STATE = {};
static bool globals_added EX_STATE = false;
static struct saved *saved EX_STATE = NULL;
static size_t nr_saved EX_STATE = 0, room_saved EX_STATE = 0;

extern char __data_start[], _end[];
extern char __start_explore_state[], __stop_explore_state[];

void reset_add(void *start, void *end)
{
	if (nr_areas == MAX_AREAS) {
		fprintf(stderr, "explore: more than %d areas\n", MAX_AREAS);
		exit(2);
	}
	areas[nr_areas].start = start;
	areas[nr_areas].end = end;
	nr_areas++;
}

static void save(char *start, size_t size)
{
	struct saved *s;

	if (!size)
		return;
	if (nr_saved == room_saved) {
		size_t room = room_saved ? room_saved * 2 : 64;
		struct saved *more = ex_alloc(room * sizeof(*more));

		if (nr_saved)
			memcpy(more, saved, nr_saved * sizeof(*saved));
		saved = more;
		room_saved = room;
	}
	s = &saved[nr_saved++];
	s->start = start;
	s->size = size;
	s->copy = ex_alloc(size);
	memcpy(s->copy, start, size);
}

bool reset_write_fault(char *addr)
{
	char *page = (char *)((uintptr_t)addr & ~(uintptr_t)(PAGE - 1));
	int i;

	for (i = 0; i < nr_guarded; i++) {
		if (addr < guarded[i].start || addr >= guarded[i].end)
			continue;
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
		save(page, PAGE);
		return true;
	}
	return false;
}

static void snapshot(struct area *area)
{
	char *start = area->start, *end = area->end;
	char *first = (char *)(((uintptr_t)start + PAGE - 1) &
			       ~(uintptr_t)(PAGE - 1));
	char *last = (char *)((uintptr_t)end & ~(uintptr_t)(PAGE - 1));

	if (end - start <= MAX_WHOLE) {
		save(start, (size_t)(end - start));
		return;
	}
	save(start, (size_t)(first - start));
	save(last, (size_t)(end - last));
	guarded[nr_guarded].start = first;
	guarded[nr_guarded].end = last;
	nr_guarded++;
	mprotect(first, (size_t)(last - first), PROT_READ);
}

void reset_add_now(void *start, void *end)
{
	reset_add(start, end);
	if (ex_active())
		snapshot(&areas[nr_areas - 1]);
}

void reset_snapshot(void)
{
	int i;

	for (i = 0; i < nr_guarded; i++)
		mprotect(guarded[i].start,
			 (size_t)(guarded[i].end - guarded[i].start),
			 PROT_READ | PROT_WRITE);
	nr_guarded = 0;
	nr_saved = 0;
	if (!globals_added) {
		globals_added = true;
		reset_add(__data_start, __start_explore_state);
		reset_add(__stop_explore_state, _end);
	}
	for (i = 0; i < nr_areas; i++)
		snapshot(&areas[i]);
}

void reset_restore(void)
{
	size_t i;

	for (i = 0; i < nr_saved; i++)
		__builtin_memcpy(saved[i].start, saved[i].copy, saved[i].size);
}
