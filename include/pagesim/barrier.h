/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Memory barriers with the kernel's names.
 *
 * Models: include/asm-generic/barrier.h at v6.12.
 *
 * Native builds: C11 fences, which on x86-64 are what the kernel uses
 * (smp_rmb() and smp_wmb() are compiler barriers, smp_mb() is an
 * instruction). ThreadSanitizer knows no fences, so there a barrier is an
 * acquire or a release of one static word: a correct wmb/rmb pair orders,
 * and one without its partner does not.
 */
#ifndef PAGESIM_BARRIER_H
#define PAGESIM_BARRIER_H

#include <pagesim/compiler.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PAGESIM_TSAN 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define PAGESIM_TSAN 1
#endif

#if defined(PAGESIM_TSAN) && !defined(PAGESIM_EXPLORE)

extern int pagesim_barrier_word;

#define smp_mb() \
	((void)__atomic_fetch_add(&pagesim_barrier_word, 0, __ATOMIC_ACQ_REL))
#define smp_rmb() \
	((void)__atomic_load_n(&pagesim_barrier_word, __ATOMIC_ACQUIRE))
#define smp_wmb() \
	((void)__atomic_fetch_add(&pagesim_barrier_word, 0, __ATOMIC_RELEASE))

/*
 * To be put before a release operation whose reader has an unordered load
 * and smp_rmb(): a pair in C11 and in the kernel, but not for who knows no
 * fences.
 */
#define smp_release_pairs_with_rmb() smp_wmb()

#else

#define smp_release_pairs_with_rmb() ((void)0)

#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

#endif

#endif /* PAGESIM_BARRIER_H */
