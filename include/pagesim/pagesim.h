/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * libpagesim: the life of a simulated machine. This header, rcu_mode.h and
 * error.h are clean C++; the headers with the kernel's names are C.
 *
 * There is one machine per process. pagesim_boot() makes its memory map,
 * pagesim_shutdown() takes it down, as often as one likes.
 *
 * Context of all of it: one thread, no simulated code running.
 */
#ifndef PAGESIM_PAGESIM_H
#define PAGESIM_PAGESIM_H

#include <stdbool.h>
#include <pagesim/error.h>
#include <pagesim/rcu_mode.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PAGESIM_MAX_CPUS 63

/* How much is checked while running; see bug.h. */
enum pagesim_debug {
	PAGESIM_DEBUG_NONE,
	PAGESIM_DEBUG_VM,
	PAGESIM_DEBUG_PGFLAGS,
	PAGESIM_DEBUG_FULL,
};

struct pagesim_config {
	/* Page frames of simulated RAM, 4 KiB each: 2^34 are 64 TiB. */
	unsigned long nr_pages;

	/* Back every frame with 4 KiB of host memory: page_address() works. */
	bool ram_contents;

	/*
	 * The whole memory map will be touched: use huge host pages for it.
	 * Otherwise it is taken from the host 64 struct pages at a time.
	 */
	bool dense;

	/*
	 * What kmalloc() can hand out, in whole pages. 0: nothing, and no
	 * address space is reserved for it; else about 3.3 times as much.
	 */
	unsigned long long kmalloc_bytes;

	/*
	 * 1 to PAGESIM_MAX_CPUS: as many threads can run simulated code, of
	 * which who boots is one. It has CPU 0 until pagesim_shutdown() or
	 * pagesim_thread_exit().
	 */
	unsigned int nr_cpus;

	/* At most the tier that the library is built with. */
	enum pagesim_debug debug;

	/* Tier "full" without lockdep, which makes each lock slower. */
	bool no_lockdep;

	/*
	 * How many bytes of address space the machine may reserve; 0 is 2 TiB
	 * or pagesim_max_reserve(), whichever is less. Reserved is not used:
	 * a machine takes host memory for what it touches.
	 */
	unsigned long long reserve_limit;

	/*
	 * No per-CPU lists of free pages (pcp.h): a page that is freed goes to
	 * the zone at once. Less state, and what a test expects of the zone.
	 */
	bool no_pcp;

	/* Where RCU callbacks run, and in which order (rcupdate.h). */
	enum pagesim_rcu_mode rcu_mode;
	bool rcu_lifo;

	/*
	 * RCU has a thread, and a CPU for it beyond nr_cpus: grace periods end
	 * without that somebody waits for them. In mode helper-thread it
	 * always has.
	 */
	bool rcu_worker;
};

/*
 * A machine of 1 GiB without contents, 64 MiB for kmalloc(), 4 CPUs, every
 * check built in, RCU callbacks in softirqs.
 */
void pagesim_config_init(struct pagesim_config *config);

/*
 * The highest reserve_limit that works in this process: 120 TiB natively,
 * 4 TiB under AddressSanitizer, 512 GiB under ThreadSanitizer, 32 GiB under
 * Valgrind.
 */
unsigned long long pagesim_max_reserve(void);

/* The limit that a reserve_limit of 0 stands for. */
unsigned long long pagesim_default_reserve(void);

/* Bytes of address space that a machine of this configuration reserves. */
unsigned long long pagesim_reserve_size(const struct pagesim_config *config);

/*
 * Boots a machine; NULL takes pagesim_config_init()'s. Returns 0, or
 *   -EBUSY   one is running already
 *   -EINVAL  the configuration cannot be
 *   -E2BIG   it needs more address space than reserve_limit
 *   -ENOMEM  the host refuses the reservation, -EAGAIN a thread
 * and pagesim_error() says which in a line.
 */
int pagesim_boot(const struct pagesim_config *config);

/*
 * Takes the machine down. RCU callbacks that are still queued run first;
 * what goes on queueing is reported as a leak. Pages that were allocated and
 * not freed are reported as a leak, so are objects of kmalloc() and of caches
 * (slab.h), for each cache; freed memory that was written to, as a use after
 * free. In tier "full" each page is named, and the whole map is checked first
 * (check.h); below it the number of pages is a net one: one that was imported
 * and freed makes up for one. Returns the number of pages, objects and broken
 * rules; 0 if no machine is running. If a handler leaves a report by
 * longjmp(), the machine runs on: call it again.
 */
unsigned long pagesim_shutdown(void);

bool pagesim_running(void);

/* "0.1.0", and the tier that the library is built with. */
const char *pagesim_version(void);
enum pagesim_debug pagesim_built_debug(void);
const char *pagesim_debug_name(enum pagesim_debug debug);

#ifdef __cplusplus
}
#endif

#endif /* PAGESIM_PAGESIM_H */
