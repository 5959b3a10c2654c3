/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * refcount_t: a count of references that never comes back from the dead.
 *
 * Models: include/linux/refcount.h, lib/refcount.c at v6.12. What would make
 * a use after free (counting up from 0, down below it) or wrap around sets
 * the count to REFCOUNT_SATURATED, where it stays, and warns: a leak instead.
 *
 * Ordering: counting up none, for who counts up has a reference; counting
 * down releases, and down to 0 also acquires.
 * Context: any.
 *
 * Differs from the kernel: warns every time; counting down acquires always,
 * since ThreadSanitizer knows no fence after a condition. The name of the
 * header: refcount.h is about folios.
 */
#ifndef PAGESIM_REFCOUNT_T_H
#define PAGESIM_REFCOUNT_T_H

#include <limits.h>
#include <pagesim/atomic.h>
#include <pagesim/bug.h>

typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(n)               \
	{                              \
		.refs = ATOMIC_INIT(n) \
	}
#define REFCOUNT_MAX INT_MAX
#define REFCOUNT_SATURATED (INT_MIN / 2)

/* Saturates it, and is a warn report. */
void pagesim_refcount_saturate(refcount_t *r, const char *why);

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

static inline unsigned int refcount_read(const refcount_t *r)
{
	return (unsigned int)atomic_read(&r->refs);
}

static inline void refcount_add(int i, refcount_t *r)
{
	int old = atomic_fetch_add_relaxed(i, &r->refs);

	if (unlikely(!old))
		pagesim_refcount_saturate(r, "addition on 0; use-after-free.");
	else if (unlikely(old < 0 || old > INT_MAX - i))
		pagesim_refcount_saturate(r, "saturated; leaking memory.");
}

static inline void refcount_inc(refcount_t *r)
{
	refcount_add(1, r);
}

/* Unless it is 0, when it returns false. */
static inline bool refcount_add_not_zero(int i, refcount_t *r)
{
	int old = atomic_read(&r->refs), new;

	do {
		if (!old)
			return false;
		new = (int)((unsigned int)old + (unsigned int)i);
	} while (!atomic_try_cmpxchg_relaxed(&r->refs, &old, new));
	if (unlikely(old < 0 || new < 0))
		pagesim_refcount_saturate(r, "saturated; leaking memory.");
	return true;
}

static inline bool refcount_inc_not_zero(refcount_t *r)
{
	return refcount_add_not_zero(1, r);
}

/* True if it is 0 now. */
static inline bool refcount_sub_and_test(int i, refcount_t *r)
{
	int old = __atomic_fetch_sub(&r->refs.counter, i, __ATOMIC_ACQ_REL);

	if (old > 0 && old == i)
		return true;
	if (unlikely(old <= 0 || old < i))
		pagesim_refcount_saturate(r, "underflow; use-after-free.");
	return false;
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	return refcount_sub_and_test(1, r);
}

/* By who has another reference: it does not come to 0. */
static inline void refcount_dec(refcount_t *r)
{
	if (unlikely(atomic_fetch_sub_release(1, &r->refs) <= 1))
		pagesim_refcount_saturate(r,
					  "decrement hit 0; leaking memory.");
}

/* To 0 if it is 1, and nothing else. Ordering: full if it was. */
static inline bool refcount_dec_if_one(refcount_t *r)
{
	int one = 1;

	return atomic_try_cmpxchg(&r->refs, &one, 0);
}

#endif /* PAGESIM_REFCOUNT_T_H */
