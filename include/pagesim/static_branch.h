/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * A stand-in for static branches: the instruction that a jump label has in
 * its two states, fixed at compile time.
 *
 * Models: arch/x86/include/asm/jump_label.h at v6.12: off is a 5-byte nop,
 * on a 5-byte jmp. Not modelled: the patching from one to the other while
 * running, and the jump table. Elsewhere than on x86-64 a constant.
 */
#ifndef PAGESIM_STATIC_BRANCH_H
#define PAGESIM_STATIC_BRANCH_H

#include <stdbool.h>
#include <pagesim/compiler.h>

#if defined(__x86_64__)

static __always_inline bool static_branch_off(void)
{
	__asm__ goto(".byte 0x0f, 0x1f, 0x44, 0x00, 0x00" : : : : taken);
	return false;
taken:
	return true;
}

static __always_inline bool static_branch_on(void)
{
	__asm__ goto(".byte 0xe9\n\t.long %l[taken] - (. + 4)" : : : : taken);
	return false;
taken:
	return true;
}

#else

static __always_inline bool static_branch_off(void)
{
	return false;
}

static __always_inline bool static_branch_on(void)
{
	return true;
}

#endif

#endif /* PAGESIM_STATIC_BRANCH_H */
