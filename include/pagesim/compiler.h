/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * The compiler idioms that kernel code is written in: marked accesses,
 * branch hints, container_of() and compile-time checks.
 *
 * Models: include/linux/compiler.h, include/asm-generic/rwonce.h,
 * include/linux/build_bug.h, include/linux/container_of.h at v6.12.
 */
#ifndef PAGESIM_COMPILER_H
#define PAGESIM_COMPILER_H

#include <assert.h>
#include <stddef.h>

/*
 * The code is explored: what it does to shared memory, and its locks, are
 * the explorer's to order. Not so the simulator's own checks and reports
 * (PAGESIM_UNSEEN), which are no events, and happen between two of them.
 */
#if defined(PAGESIM_EXPLORE) && !defined(PAGESIM_UNSEEN)
#define PAGESIM_EXPLORED 1
#endif

#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#define noinline __attribute__((__noinline__))
#define __maybe_unused __attribute__((__unused__))
#define __cold __attribute__((__cold__))
#define __aligned(n) __attribute__((__aligned__(n)))
#define __printf(fmt, args) __attribute__((__format__(printf, fmt, args)))

#define __always_unused __attribute__((__unused__))
#define __used __attribute__((__used__))
#define __packed __attribute__((__packed__))
#define __must_check __attribute__((__warn_unused_result__))
#define fallthrough __attribute__((__fallthrough__))

/* For the kernel's own checkers and linker: nothing here. */
#define __rcu
#define __user
#define __force
#define __acquires(x)
#define __releases(x)
#define __must_hold(x)
#define __read_mostly
#define __init
#define __initdata
#define notrace
#define EXPORT_SYMBOL(symbol) extern __typeof__(symbol) symbol
#define EXPORT_SYMBOL_GPL(symbol) EXPORT_SYMBOL(symbol)

/* 1 if the option is defined as 1, else 0; also for #if. */
#define IS_ENABLED(option) __IS_ONE(option)
#define IS_BUILTIN(option) __IS_ONE(option)
#define __IS_ONE(value) __IS_ONE_PASTED(value)
#define __IS_ONE_PASTED(value) __IS_ONE_SECOND(__IS_ONE_SHIFT_##value 1, 0, 0)
#define __IS_ONE_SHIFT_1 0,
#define __IS_ONE_SECOND(...) __IS_ONE_PICK(__VA_ARGS__)
#define __IS_ONE_PICK(first, second, ...) second

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Compiler barrier: no access moves across it, nothing is emitted. */
#define barrier() __asm__ __volatile__("" : : : "memory")

/*
 * READ_ONCE() and WRITE_ONCE(): one whole access, no ordering.
 *
 * Differs from the kernel: a relaxed atomic access where the kernel has a
 * volatile one. The instruction is the same, but ThreadSanitizer takes a
 * volatile access for a data race and a relaxed atomic one for what it is.
 * Scalars only, as kernel code uses them.
 */
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, val) __atomic_store_n(&(x), (val), __ATOMIC_RELAXED)

/*
 * A marked read of a switch that is set before threads run, or of what is
 * looked at when they are through. The explorer has no event for it.
 */
#ifdef PAGESIM_EXPLORED
#define PAGESIM_READ_STABLE(x) (x)
#else
#define PAGESIM_READ_STABLE(x) READ_ONCE(x)
#endif

/*
 * data_race(expr): the race of this plain access is intended. Here it is
 * made a relaxed atomic load, so that no tool has to be told; expr must be
 * an lvalue of scalar type (the kernel takes any expression).
 */
#define data_race(x) READ_ONCE(x)

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BUILD_BUG_ON(cond) static_assert(!(cond), #cond)

#define __ALIGN_MASK(x, mask) (((x) + (mask)) & ~(mask))
#define ALIGN(x, a) __ALIGN_MASK(x, (__typeof__(x))(a)-1)
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)

#endif /* PAGESIM_COMPILER_H */
