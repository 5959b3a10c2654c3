/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/*
 * ex_run() as an inline function, for the loops of engines. A function that
 * is left while a fiber runs returns to where the return predictor does not
 * expect it, 5 ns each; in a loop that has it inline nothing returns.
 */
#ifndef PAGESIM_EXPLORE_SWITCH_H
#define PAGESIM_EXPLORE_SWITCH_H

#include "runtime.h"

/*
 * To the fiber, and back from a stub of tsan_entry.c, which finds on the
 * engine's stack where to go on. The 128 bytes may be in use below rsp.
 */
static inline __attribute__((always_inline)) void fiber_switch(void *sp,
							       uint64_t result)
{
	/* clang-format off */
	__asm__ volatile(
		"sub $128, %%rsp\n"
		"push %%rbp\n"
		"lea 1f(%%rip), %%rcx\n"
		"push %%rcx\n"
		"mov %%rsp, ex_engine_sp(%%rip)\n"
		"mov %[sp], %%rsp\n"
		"pop %%r15\n"
		"pop %%r14\n"
		"pop %%r13\n"
		"pop %%r12\n"
		"pop %%rbx\n"
		"pop %%rbp\n"
		"pop %%rcx\n"
		"jmp *%%rcx\n"
		"1:	pop %%rbp\n"
		"add $128, %%rsp\n"
		: "+a"(result), [sp] "+D"(sp)
		:
		: "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12",
		  "r13", "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
		  "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
		  "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
	/* clang-format on */
}

static inline __attribute__((always_inline)) void
ex_run_inline(struct ex_thread *t, uint64_t result)
{
	struct ex_op *op = &t->op;

	if (op->kind == EX_LOAD && (op->flags & EX_VOLATILE) &&
	    ex_mem_read(op->addr, op->size) != result)
		ex_mem_write(op->addr, op->size, result);
	if (t->fiber->nr_reads || op->kind == EX_LOAD || op->kind == EX_CMPXCHG)
		spin_done(t, result);
	t->changed = false;
	t->looked = false;
	t->state = 0;
	ex_cur = t;
	if (EX_UNLIKELY(ex_tls_size))
		ex_tls_switch(t);
	fiber_switch(t->sp, result);
	if ((op->kind == EX_LOAD && !(op->flags & EX_AWAIT)) ||
	    op->kind == EX_CMPXCHG)
		spin_arrive(t);
}

#endif /* PAGESIM_EXPLORE_SWITCH_H */
