// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Fibers: stacks, and the switch between an engine's stack and a program's.
 *
 * A switch is six pushes, six pops and an indirect jump; a ret would miss in
 * the return predictor each time (11 ns instead of 4). A fiber that stands
 * still has on its stack, from sp upwards: the six callee-saved registers,
 * where it goes on, and the frame of its caller. Nothing else of a thread
 * is alive then, as operations are function calls, so these bytes are its
 * state (spin.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime.h"

#if !defined(__x86_64__)
#error "the explorer's fibers are written for x86-64"
#endif

enum {
	STACK_SIZE = 256 << 10,
	GUARD_SIZE = 4096
};

static struct ex_thread outside EX_STATE = { .id = -1 };
struct ex_thread *ex_cur EX_STATE = &outside;
void *ex_engine_sp EX_STATE = NULL;
static char *stacks EX_STATE = NULL;

/* clang-format off */
__asm__(
	".text\n"
	/* Where a new fiber starts: the stack is aligned as at a call. */
	".hidden fiber_entry\n"
	".type fiber_entry, @function\n"
	"fiber_entry:\n"
	".cfi_startproc\n"
	".cfi_undefined rip\n"
	"	call fiber_main\n"
	"	ud2\n"
	".cfi_endproc\n"
	".size fiber_entry, .-fiber_entry\n");
/* clang-format on */

void fiber_entry(void);
void fiber_main(void);

__attribute__((used)) void fiber_main(void)
{
	struct fiber *self = ex_cur->fiber;

	fiber_exit(self->start(self->arg));
}

/* All stacks at once, each with pages below it that nobody may touch. */
static void map_stacks(void)
{
	size_t each = STACK_SIZE + GUARD_SIZE;
	int i;

	stacks = mmap(NULL, each * EX_MAX_THREADS, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (stacks == MAP_FAILED) {
		fprintf(stderr, "explore: no memory for stacks: %s\n",
			strerror(errno));
		exit(2);
	}
	for (i = 0; i < EX_MAX_THREADS; i++)
		mprotect(stacks + (size_t)i * each, GUARD_SIZE, PROT_NONE);
}

void fiber_prepare(struct ex_thread *t)
{
	void **sp;

	if (EX_UNLIKELY(!stacks))
		map_stacks();
	t->stack =
		stacks + (size_t)t->id * (STACK_SIZE + GUARD_SIZE) + GUARD_SIZE;
	/* Not all at the same place of a page, for the sake of caches. */
	t->stack_size = STACK_SIZE - (size_t)t->id * 320;
	sp = (void **)(t->stack + t->stack_size) - 9;
	memset(sp, 0, 9 * sizeof(*sp));
	sp[6] = (void *)fiber_entry;
	t->sp = sp;
}

struct ex_thread *fiber_of_stack(const void *addr)
{
	size_t offset = (uintptr_t)addr - (uintptr_t)stacks;
	size_t id = offset / (STACK_SIZE + GUARD_SIZE);

	if (!stacks || id >= EX_MAX_THREADS)
		return NULL;
	return ex_thread((int)id);
}
