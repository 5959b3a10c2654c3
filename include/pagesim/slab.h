/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * kmalloc(), kfree() and caches of objects of one type.
 *
 * Models: include/linux/slab.h, mm/slub.c, mm/slab_common.c at v6.12: the
 * size classes, alignment, which object is used again first (the one freed
 * last), SLAB_TYPESAFE_BY_RCU. The objects lie in a heap of the arena
 * (kmalloc_bytes of struct pagesim_config), what is known about them beside
 * it: nothing that is written into a freed object breaks the allocator.
 *
 * From tier "vm" on:
 *  - freed memory is filled with 0x6b, the last byte 0xa5, and looked at when
 *    it is handed out again, given back to the heap, at kmem_cache_destroy()
 *    and at pagesim_shutdown(): a change is reported as "use-after-free",
 *    once, and mended. New memory has the same contents. Not objects with a
 *    constructor, not SLAB_TYPESAFE_BY_RCU: they keep theirs.
 *  - a second free is reported as "double-free", the free of what is not an
 *    object's first byte, or was never allocated, as "bug-on". Nothing is
 *    freed then.
 *  - AddressSanitizer and memcheck are told what may be accessed: of
 *    kmalloc(13) 13 bytes, of a freed object nothing.
 * With tier "none" there are no such checks and no places in reports.
 * Objects that are left at pagesim_shutdown() are reported as "leak", for
 * each cache, with the place where the first was allocated.
 *
 * Context: any of a simulated CPU's, but with GFP_KERNEL and what else has
 * __GFP_DIRECT_RECLAIM only where one may sleep (might_sleep.h). A spinlock for
 * each cache, and one for the heap, nest inside of whatever the caller holds.
 * No interrupt comes while they are held, so they do not turn interrupts off. A
 * report is made with none of them held and with a consistent heap: a handler
 * may leave by longjmp(), and nothing was allocated then. Ordering: what the
 * last owner wrote before kfree() happens before the return of the kmalloc()
 * that hands the memory out again.
 *
 * Differs from the kernel: no per-CPU slabs, so an object that is freed on
 * one CPU is at once there for all; caches are never merged; the pages are
 * not struct page's; NULL only when the heap is full or by inject.h; of two
 * frees at one time the second is still found. file and line are the
 * caller's.
 */
#ifndef PAGESIM_SLAB_H
#define PAGESIM_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <pagesim/types.h>

/* Up to here there is a cache for the size, above a block of pages. */
#define KMALLOC_MAX_CACHE_SIZE (2 * PAGE_SIZE)
#define KMALLOC_MAX_SIZE (PAGE_SIZE << 10)

#define ZERO_SIZE_PTR ((void *)16)

typedef unsigned int slab_flags_t;

/* The kernel's numbers differ by configuration since v6.9. */
enum {
	/* Aligned to 64 bytes, or so that none lies across that border. */
	SLAB_HWCACHE_ALIGN = 1 << 0,
	/* kmem_cache_create() never returns NULL: BUG(). */
	SLAB_PANIC = 1 << 1,
	/*
	 * The memory of a freed object may at once become another object of
	 * the cache, but nothing else before a grace period of RCU. Who
	 * found the object under RCU may look at it, and must find out
	 * whether it is still the same. So it keeps its contents (of a lock,
	 * say, that the constructor initialised) and stays accessible.
	 */
	SLAB_TYPESAFE_BY_RCU = 1 << 2,
};

struct kmem_cache;

/* ---- kmalloc ---- */

/*
 * Returns size bytes, or NULL. Aligned to the largest power of two that
 * divides the class's size, so to the size if that is one; 8 at least.
 * Classes: 8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192;
 * above, 2^n pages up to KMALLOC_MAX_SIZE. kmalloc(0) is ZERO_SIZE_PTR. More
 * than KMALLOC_MAX_SIZE warns, unless __GFP_NOWARN, and is NULL.
 * __GFP_ZERO clears the size bytes. __GFP_NOFAIL: a full heap is a BUG(),
 * where the kernel tries for ever.
 */
#define kmalloc(size, gfp) pagesim_kmalloc(size, gfp, __FILE__, __LINE__)
#define kzalloc(size, gfp) kmalloc(size, (gfp) | __GFP_ZERO)
/* NULL if n * size overflows. */
#define kcalloc(n, size, gfp) pagesim_kcalloc(n, size, gfp, __FILE__, __LINE__)

/*
 * Frees what kmalloc() or kmem_cache_alloc() returned. NULL and
 * ZERO_SIZE_PTR are fine.
 */
void kfree(const void *object); /* for who needs its address */
#define kfree(object) pagesim_kfree(object, __FILE__, __LINE__)

/*
 * The size of the object's class, 0 for NULL and ZERO_SIZE_PTR. No
 * permission to use more than was asked for, as in the kernel since v6.1.
 */
size_t ksize(const void *object);

/* ---- caches ---- */

/*
 * A cache of objects of size bytes at a multiple of align (0: 8; a power of
 * two). ctor is called once for memory that becomes an object, before it is
 * first handed out, and the object is to be freed as the constructor left it.
 * The kernel calls it when the slab is made. The name is copied, 31 bytes of
 * it. Returns NULL with a warning if name, size or align cannot be, or if
 * there are 512 caches.
 */
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, slab_flags_t flags,
				     void (*ctor)(void *object));
#define KMEM_CACHE(type, flags)                       \
	kmem_cache_create(#type, sizeof(struct type), \
			  __alignof__(struct type), flags, NULL)

/* As kmalloc(). __GFP_ZERO and a constructor warn, as in the kernel. */
#define kmem_cache_alloc(cache, gfp) \
	pagesim_kmem_cache_alloc(cache, gfp, __FILE__, __LINE__)
#define kmem_cache_zalloc(cache, gfp) \
	kmem_cache_alloc(cache, (gfp) | __GFP_ZERO)

/*
 * As kfree(), but not of NULL. An object of another cache warns and goes
 * back to its own, as with CONFIG_SLAB_FREELIST_HARDENED.
 */
#define kmem_cache_free(cache, object) \
	pagesim_kmem_cache_free(cache, object, __FILE__, __LINE__)

/*
 * NULL is fine. First what kfree_rcu() has queued is freed, since v6.12. The
 * slabs of a SLAB_TYPESAFE_BY_RCU cache are waited for, by rcu_barrier().
 * Objects that remain are reported as a leak, with the place
 * where the first was allocated; they stay valid and can still be freed, and
 * pagesim_shutdown() counts but does not report them again.
 * Context: may sleep.
 */
#define kmem_cache_destroy(cache) \
	pagesim_kmem_cache_destroy(cache, __FILE__, __LINE__)

unsigned int kmem_cache_size(const struct kmem_cache *cache);

/* ---- what the macros call ---- */

void *pagesim_kmalloc(size_t size, gfp_t gfp, const char *file, int line);
void *pagesim_kcalloc(size_t n, size_t size, gfp_t gfp, const char *file,
		      int line);
void pagesim_kfree(const void *object, const char *file, int line);
void *pagesim_kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp,
			       const char *file, int line);
void pagesim_kmem_cache_free(struct kmem_cache *cache, void *object,
			     const char *file, int line);
void pagesim_kmem_cache_destroy(struct kmem_cache *cache, const char *file,
				int line);

#endif /* PAGESIM_SLAB_H */
