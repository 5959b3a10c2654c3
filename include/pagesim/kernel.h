/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * Everything that kernel mm code, pasted from a patch, expects to be there:
 *
 *     #include <pagesim/kernel.h>
 *
 * Each header says what it models. What a patch needs beyond them, it needs
 * to bring: there are no tasks, no VFS, no time.
 */
#ifndef PAGESIM_KERNEL_H
#define PAGESIM_KERNEL_H

/* The language */
#include <pagesim/atomic.h>
#include <pagesim/barrier.h>
#include <pagesim/bitops.h>
#include <pagesim/bug.h>
#include <pagesim/compiler.h>
#include <pagesim/err.h>
#include <pagesim/math.h>
#include <pagesim/printk.h>
#include <pagesim/static_branch.h>
#include <pagesim/types.h>

/* Lists, counts, memory */
#include <pagesim/gfp.h>
#include <pagesim/list.h>
#include <pagesim/percpu-refcount.h>
#include <pagesim/rculist.h>
#include <pagesim/refcount_t.h>
#include <pagesim/slab.h>

/* Locks, waiting, RCU, CPUs */
#include <pagesim/bit_spinlock.h>
#include <pagesim/completion.h>
#include <pagesim/cpu.h>
#include <pagesim/lockdep.h>
#include <pagesim/might_sleep.h>
#include <pagesim/mutex.h>
#include <pagesim/rcupdate.h>
#include <pagesim/rwsem.h>
#include <pagesim/seqlock.h>
#include <pagesim/spinlock.h>
#include <pagesim/wait.h>

/* Pages and folios */
#include <pagesim/compound_head.h>
#include <pagesim/folio.h>
#include <pagesim/folio_lock.h>
#include <pagesim/mapcount.h>
#include <pagesim/memmap.h>
#include <pagesim/mm_types.h>
#include <pagesim/page-flags.h>
#include <pagesim/page_alloc.h>
#include <pagesim/page_ref.h>
#include <pagesim/pagevec.h>
#include <pagesim/refcount.h>
#include <pagesim/snapshot_page.h>

#endif /* PAGESIM_KERNEL_H */
