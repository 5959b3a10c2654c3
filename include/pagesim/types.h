/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * The kernel's elementary types, in the kernel's shape.
 *
 * Models: include/linux/types.h, include/linux/gfp_types.h at v6.12. Of the
 * gfp flags only those exist that something here looks at.
 */
#ifndef PAGESIM_TYPES_H
#define PAGESIM_TYPES_H

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

typedef struct {
	s64 counter;
} atomic64_t;

#define ATOMIC_INIT(i) \
	{              \
		(i)    \
	}
#define ATOMIC_LONG_INIT(i) ATOMIC_INIT(i)
#define ATOMIC64_INIT(i) ATOMIC_INIT(i)

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

/*
 * 16 bytes and 8-aligned, so that it overlays two words of struct page and
 * a queued one keeps bit 0 of the first word clear (no false PageTail).
 */
struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};

typedef unsigned long pgoff_t;
typedef unsigned int gfp_t;

#define ___GFP_ZERO 0x100u
#define ___GFP_DIRECT_RECLAIM 0x400u
#define ___GFP_NOWARN 0x2000u
#define ___GFP_NOFAIL 0x8000u
#define ___GFP_COMP 0x40000u
#define __GFP_ZERO ((gfp_t)___GFP_ZERO)
#define __GFP_DIRECT_RECLAIM ((gfp_t)___GFP_DIRECT_RECLAIM)
#define __GFP_NOWARN ((gfp_t)___GFP_NOWARN)
#define __GFP_NOFAIL ((gfp_t)___GFP_NOFAIL)
#define __GFP_COMP ((gfp_t)___GFP_COMP)
/* HIGH and KSWAPD_RECLAIM; RECLAIM, IO and FS; KSWAPD_RECLAIM and NOWARN */
#define GFP_ATOMIC ((gfp_t)0x820u)
#define GFP_KERNEL ((gfp_t)0xcc0u)
#define GFP_NOWAIT ((gfp_t)0x2800u)

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define BITS_PER_LONG 64
#define BIT(nr) (1UL << (nr))
#define BIT_ULL(nr) (1ULL << (nr))

#endif /* PAGESIM_TYPES_H */
