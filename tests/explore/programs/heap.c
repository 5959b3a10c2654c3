// SPDX-License-Identifier: MIT
// Floor: 5
// Objects of the heap. LEAK, TWICE, LATE: freed never, twice, before the
// last use. ALONE, ALONE_ATOMIC: used by main() when all others are gone.
#include <stdlib.h>
#include <string.h>
#include "shape.h"

struct node {
	atomic_int refs;
	int data;
	char name[24];
};

static _Atomic(struct node *) shared;

static void *body(void *arg)
{
	struct node *node = get(&shared, ACQUIRE);

	(void)arg;
#ifdef LATE
	if (atomic_fetch_sub(&node->refs, 1) == 1)
		free(node);
	else
		assert(node->data == 1);
#else
	assert(node->data == 1 && !strcmp(node->name, "node"));
#ifndef LEAK
	if (atomic_fetch_sub(&node->refs, 1) == 1) {
#ifdef TWICE
		free(node);
#endif
		free(node);
	}
#endif
#endif
	return NULL;
}

int main(void)
{
	struct node *node = calloc(1, sizeof(*node));

	node->data = 1;
	strcpy(node->name, "node");
	set(&node->refs, 2, RELAXED);
	set(&shared, node, RELEASE);
	run(2, body);
#ifdef ALONE
	return node->data;
#elif defined(ALONE_ATOMIC)
	return get(&node->refs, RELAXED);
#else
	return 0;
#endif
}
