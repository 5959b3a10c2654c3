/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Sequence counters: readers that never wait for the writer, and look again
 * if he was there.
 *
 * Models: seqcount_t of include/linux/seqlock.h at v6.12; the writers are
 * serialised by somebody else.
 *
 * The count is odd while a write is under way. What is read in between must
 * be read by marked accesses, since it may be half written: where the
 * kernel's race detector takes the whole section for one, ThreadSanitizer
 * wants READ_ONCE() and WRITE_ONCE().
 */
#ifndef PAGESIM_SEQLOCK_H
#define PAGESIM_SEQLOCK_H

#include <pagesim/atomic.h>
#include <pagesim/cpu.h>

typedef struct seqcount {
	unsigned int sequence;
} seqcount_t;

#define SEQCNT_ZERO(name) \
	{                 \
		0         \
	}

static inline void seqcount_init(seqcount_t *s)
{
	WRITE_ONCE(s->sequence, 0u);
}

/* The count, odd or even. Ordering: acquire. */
static inline unsigned int raw_read_seqcount(const seqcount_t *s)
{
	return smp_load_acquire(&s->sequence);
}

/* Waits for an even one. Ordering: acquire. */
static inline unsigned int read_seqcount_begin(const seqcount_t *s)
{
	unsigned int seq;

	while (unlikely((seq = raw_read_seqcount(s)) & 1))
		cpu_relax();
	return seq;
}

/* True if what was read since is to be thrown away. Ordering: smp_rmb(). */
static inline bool read_seqcount_retry(const seqcount_t *s, unsigned int start)
{
	smp_rmb();
	return unlikely(READ_ONCE(s->sequence) != start);
}

/* Context: one writer at a time, and nothing that waits for a reader. */
static inline void raw_write_seqcount_begin(seqcount_t *s)
{
	WRITE_ONCE(s->sequence, s->sequence + 1);
	smp_wmb();
}

static inline void raw_write_seqcount_end(seqcount_t *s)
{
	smp_wmb();
	WRITE_ONCE(s->sequence, s->sequence + 1);
}

/*
 * The same; in the kernel lockdep is told, too, and asks that nothing of the
 * writer's own CPU can come in between and read. Here lockdep does not follow
 * sequence counts.
 */
static inline void write_seqcount_begin(seqcount_t *s)
{
	raw_write_seqcount_begin(s);
}

static inline void write_seqcount_end(seqcount_t *s)
{
	raw_write_seqcount_end(s);
}

/* read_seqcount_begin() without lockdep. */
static inline unsigned int raw_read_seqcount_begin(const seqcount_t *s)
{
	return read_seqcount_begin(s);
}

/*
 * Does not wait: of an odd count returns the even one before it, and the
 * retry fails. Ordering: acquire.
 */
static inline unsigned int raw_seqcount_begin(const seqcount_t *s)
{
	return raw_read_seqcount(s) & ~1U;
}

/* Without the smp_rmb(), which is the caller's then. */
static inline bool __read_seqcount_retry(const seqcount_t *s,
					 unsigned int start)
{
	return unlikely(READ_ONCE(s->sequence) != start);
}

/*
 * For who writes what has one writer by itself: what readers see before it
 * and what they see after it is never mixed, and nobody waits.
 */
static inline void raw_write_seqcount_barrier(seqcount_t *s)
{
	WRITE_ONCE(s->sequence, s->sequence + 1);
	smp_wmb();
	WRITE_ONCE(s->sequence, s->sequence + 1);
}

/* Every reader that is under way has to look again. */
static inline void write_seqcount_invalidate(seqcount_t *s)
{
	smp_wmb();
	WRITE_ONCE(s->sequence, s->sequence + 2);
}

#endif /* PAGESIM_SEQLOCK_H */
