// SPDX-License-Identifier: MIT
// Floor: 5
// A stack of numbered nodes: each thread pushes its own and pops one.
// BACK: the first pops two and pushes one back, and a late one is fooled.
#include "shape.h"

enum {
	NODES = 4
};

static atomic_int head, below[NODES];
static int got[3];

static void push(int node)
{
	int old = get(&head, RELAXED);

	do
		set(&below[node], old, RELAXED);
	while (!atomic_compare_exchange_strong_explicit(&head, &old, node,
							RELEASE, RELAXED));
}

static int pop(void)
{
	int node, next;

	do {
		node = get(&head, ACQUIRE);
		if (!node)
			return 0;
		next = get(&below[node], RELAXED);
	} while (!atomic_compare_exchange_strong(&head, &node, next));
	return node;
}

static void *body(void *arg)
{
	long me = (long)arg;
#ifdef BACK
	int first = pop();

	if (me == 0) {
		got[0] = pop();
		if (first)
			push(first);
	} else {
		got[me] = first;
	}
#else
	push((int)me + 1);
	got[me] = pop();
#endif
	return NULL;
}

int main(void)
{
#ifdef BACK
	for (int i = NODES - 1; i; i--)
		push(i);
#endif
	run(sizeof(got) / sizeof(got[0]), body);
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < i; j++)
			assert(!got[i] || got[i] != got[j]);
	}
	return 0;
}
