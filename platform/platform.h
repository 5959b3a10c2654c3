/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/*
 * The one seam: what the simulator needs from what it runs on. Two
 * implementations share this header, native threads (platform/native) and,
 * with the explorer, fibers. Nothing above this floor knows which it is.
 */
#ifndef PAGESIM_PLATFORM_H
#define PAGESIM_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct platform_thread {
	void *handle;
};

/* Starts fn(arg) in a thread of its own. Returns 0 or -errno. */
int platform_thread_create(struct platform_thread *thread, void (*fn)(void *),
			   void *arg);

/* Waits for its end. Everything that it wrote is visible afterwards. */
void platform_thread_join(struct platform_thread *thread);

/*
 * Sleeps while *word is expected. May return early; orders nothing, so the
 * caller looks at the word again, with the order it needs.
 */
void platform_park(uint32_t *word, uint32_t expected);

/*
 * A word of the calling thread, NULL until it is set: what the floors above
 * know a thread by. Inline where threads are the host's, since every lock and
 * read section asks.
 *
 * Never take the variable's address: gcc 12's UndefinedBehaviorSanitizer looks
 * whether that is null by the flags of an addition that ld turns into a lea,
 * which sets none.
 */
#ifdef PAGESIM_EXPLORE
void *platform_self(void);
void platform_set_self(void *self);
#else
extern _Thread_local void *platform_self_word
	__attribute__((__tls_model__("initial-exec")));

static inline void *platform_self(void)
{
	return platform_self_word;
}

static inline void platform_set_self(void *self)
{
	platform_self_word = self;
}
#endif

/* A variable that each thread of the host has for itself. */
#ifdef PAGESIM_EXPLORE
#define PLATFORM_THREAD_LOCAL /* and fibers share */
#else
#define PLATFORM_THREAD_LOCAL _Thread_local
#endif

/*
 * Has fn called on the calling thread when that ends, after its own function
 * and not on exit(). A second call replaces the first.
 */
void platform_at_thread_end(void (*fn)(void));

/* Wakes up to nr threads that sleep on the word. */
void platform_unpark(uint32_t *word, int nr);

/*
 * Every thread of the process passes a full barrier between call and return,
 * the caller too. False if the host cannot do that, and none has.
 */
bool platform_membarrier(void);

/* A hint between two looks at a word that another thread writes. */
void platform_relax(void);

/* Lets another thread of the host run, if there is one. */
void platform_yield(void);

/* Nanoseconds of a clock that never runs backwards. */
uint64_t platform_time_ns(void);

/*
 * Writes what addr2line finds the place by: the function, or if it is static
 * the file, and how far into it; "unknown" for NULL or what is no code.
 */
void platform_code_name(char *text, size_t size, const void *code);

/*
 * Reserves size bytes of zeroed memory at a multiple of align, without
 * taking any until it is touched. Returns NULL with errno set.
 */
void *platform_reserve(size_t size, size_t align);
void platform_release(void *base, size_t size);

/* Wants [base, base + size) in huge pages (dense) or small ones. A hint. */
void platform_advise_huge(void *base, size_t size, bool dense);

/* ---- RCU: readers and grace periods, no callbacks ---- */

/*
 * A thread reads between register and unregister. Registering twice is
 * registering once; both leave every section that the thread is still in, so
 * that nobody waits for one that never ends.
 */
void platform_rcu_register_thread(void);
void platform_rcu_unregister_thread(void);

/* A read section. Nests. */
void platform_rcu_read_lock(void);
void platform_rcu_read_unlock(void);

/*
 * Waits for the end of every section that began before the call; what was
 * done in them is visible afterwards. Context: in no section of its own.
 */
void platform_synchronize_rcu(void);

#endif /* PAGESIM_PLATFORM_H */
