// SPDX-License-Identifier: MIT
// Floor: 0
/* No thread can go on: who waits for what, and whom that closes a circle. */
#include <stdio.h>

#include "runtime.h"

static uint64_t from_memory(void *addr, size_t size)
{
	return ex_mem_read(addr, size);
}

/* Whom the thread waits for, or -1 if that cannot be told. */
static int waits_for(struct ex_thread *t, uint64_t (*peek)(void *, size_t))
{
	uint64_t holder;

	if (t->op.kind == EX_JOIN)
		return (int)t->op.arg;
	if (!(t->op.flags & EX_LOCK) || !(t->op.flags & EX_AWAIT))
		return -1;
	holder = peek(t->op.addr, t->op.size);
	return holder && holder <= (uint64_t)ex_nr_threads() ? (int)holder - 1
							     : -1;
}

static bool spins(struct ex_thread *t)
{
	return t->op.flags & (EX_AGAIN | EX_SPINS);
}

static int describe(struct ex_thread *t, int holder, char *text, size_t room)
{
	char place[256], object[128];

	ex_place(t->op.pc, place, sizeof(place));
	if (t->op.kind == EX_JOIN)
		return snprintf(text, room,
				"  thread %d waits for the end of thread %d "
				"at %s\n",
				t->id, holder, place);
	ex_object(t->op.addr, object, sizeof(object));
	if (holder >= 0)
		return snprintf(text, room,
				"  thread %d waits in %s(%s), held by thread "
				"%d, at %s\n",
				t->id, t->op.name, object, holder, place);
	return snprintf(text, room, "  thread %d %s %s(%s) at %s\n", t->id,
			spins(t) ? "spins in" : "waits in",
			t->op.name ? t->op.name : "a loop", object, place);
}

/* The circle that the thread is part of, as "0 -> 2 -> 0". */
static int describe_circle(int start, const int *next, char *text, size_t room)
{
	int id = start, n, steps;

	for (steps = 0; steps <= ex_nr_threads(); steps++) {
		id = next[id];
		if (id < 0)
			return 0;
		if (id == start)
			break;
	}
	if (id != start)
		return 0;
	n = snprintf(text, room, "  circle: thread %d", start);
	do {
		id = next[id];
		n += snprintf(text + n, room - (size_t)n, " -> thread %d", id);
	} while (id != start);
	return n;
}

void ex_stuck(uint64_t (*peek)(void *addr, size_t size))
{
	int next[EX_MAX_THREADS], nr_waiting = 0, nr_spinning = 0, i, n = 0;
	char text[3072];

	if (ex_thread(0)->op.kind == EX_EXIT)
		return;
	for (i = 0; i < ex_nr_threads(); i++) {
		struct ex_thread *t = ex_thread(i);

		next[i] = -1;
		if (t->op.kind == EX_EXIT)
			continue;
		next[i] = waits_for(t, peek ? peek : from_memory);
		nr_waiting += t->op.kind != EX_JOIN;
		nr_spinning += spins(t);
		if (n < 2048)
			n += describe(t, next[i], text + n,
				      sizeof(text) - (size_t)n);
	}
	for (i = 0; i < ex_nr_threads(); i++) {
		int more = describe_circle(i, next, text + n,
					   sizeof(text) - (size_t)n);

		n += more;
		if (more)
			break;
	}
	while (n && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	if (nr_spinning && nr_spinning == nr_waiting)
		ex_fail(EX_LIVELOCK, "livelock: no thread gets further\n%s",
			text);
	else
		ex_fail(EX_DEADLOCK, "deadlock: no thread can go on\n%s", text);
}
