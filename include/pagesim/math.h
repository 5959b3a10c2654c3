/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Small arithmetic of the kernel's: the lesser, the next multiple, the order.
 *
 * Models: include/linux/minmax.h, math.h, log2.h, asm-generic/getorder.h at
 * v6.12. The arguments are evaluated once.
 *
 * Differs from the kernel: the results of ilog2() and its kin are no constant
 * expressions, nor are min()'s.
 */
#ifndef PAGESIM_MATH_H
#define PAGESIM_MATH_H

#include <stdbool.h>
#include <pagesim/compiler.h>
#include <pagesim/types.h>

#define __PICK(x, op, y)                 \
	__extension__({                  \
		__typeof__(x) __x = (x); \
		__typeof__(y) __y = (y); \
                                         \
		__x op __y ? __x : __y;  \
	})
#define min(x, y) __PICK(x, <, y)
#define max(x, y) __PICK(x, >, y)
#define min_t(type, x, y) min((type)(x), (type)(y))
#define max_t(type, x, y) max((type)(x), (type)(y))
#define min3(x, y, z) min(min(x, y), z)
#define max3(x, y, z) max(max(x, y), z)
#define clamp(val, lo, hi) min(max(val, lo), hi)
#define clamp_t(type, val, lo, hi) clamp((type)(val), (type)(lo), (type)(hi))

#define swap(a, b)                         \
	do {                               \
		__typeof__(a) __tmp = (a); \
                                           \
		(a) = (b);                 \
		(b) = __tmp;               \
	} while (0)

/* To a multiple; of round_*() a power of two. */
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define round_up(x, y) ((((x)-1) | ((__typeof__(x))((y)-1))) + 1)
#define round_down(x, y) ((x) & ~((__typeof__(x))((y)-1)))
#define rounddown(x, y)                  \
	__extension__({                  \
		__typeof__(x) __x = (x); \
                                         \
		__x - __x % (y);         \
	})
#define roundup(x, y)                         \
	__extension__({                       \
		__typeof__(y) __y = (y);      \
                                              \
		((x) + (__y - 1)) / __y *__y; \
	})

#define PAGE_ALIGN(addr) ALIGN(addr, PAGE_SIZE)
#define PAGE_ALIGNED(addr) IS_ALIGNED((unsigned long)(addr), PAGE_SIZE)
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)
#define PFN_UP(x) (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

/* The number of the highest bit; n is not 0. */
static inline unsigned int ilog2(unsigned long n)
{
	return 63 - (unsigned int)__builtin_clzl(n);
}

/* The least power of two that is not less than n, and its ilog2(). */
static inline unsigned int order_base_2(unsigned long n)
{
	return n > 1 ? ilog2(n - 1) + 1 : 0;
}

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return 1UL << order_base_2(n);
}

/* The order of the least block of pages with so many bytes; not 0. */
static inline unsigned int get_order(unsigned long size)
{
	return order_base_2(PFN_UP(size));
}

#endif /* PAGESIM_MATH_H */
