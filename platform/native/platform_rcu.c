// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Readers and grace periods on liburcu's memb flavour, whose readers cost
 * little because membarrier(2) has the writer pay. The only file that
 * includes a header of liburcu's.
 *
 * liburcu 0.13 tells ThreadSanitizer nothing of what its inline assembler
 * orders, hence two edges here, both on one word: from the end of a section
 * to the end of a grace period. That is all that RCU promises about plain
 * data; a third edge, from a grace period to a later section, was measured
 * to hide pointers that are published without order. In these builds liburcu
 * is called, not inlined: its inlines access plain data of its own.
 */
#include <stdbool.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TELL_THREAD_SANITIZER 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define TELL_THREAD_SANITIZER 1
#endif

#ifndef TELL_THREAD_SANITIZER
#define _LGPL_SOURCE
#endif
#include <urcu/urcu-memb.h>

#include "platform.h"

#ifdef TELL_THREAD_SANITIZER
static int sections_left;

static inline void section_ends(void)
{
	__atomic_fetch_add(&sections_left, 0, __ATOMIC_RELEASE);
}

static inline void sections_ended(void)
{
	(void)__atomic_load_n(&sections_left, __ATOMIC_ACQUIRE);
}
#else
static inline void section_ends(void)
{
}

static inline void sections_ended(void)
{
}
#endif

static _Thread_local bool registered;

void platform_rcu_read_lock(void)
{
	urcu_memb_read_lock();
}

void platform_rcu_read_unlock(void)
{
	section_ends();
	urcu_memb_read_unlock();
}

void platform_synchronize_rcu(void)
{
	urcu_memb_synchronize_rcu();
	sections_ended();
}

static void leave_sections(void)
{
	while (urcu_memb_read_ongoing())
		platform_rcu_read_unlock();
}

void platform_rcu_register_thread(void)
{
	if (registered) {
		leave_sections();
		return;
	}
	urcu_memb_register_thread();
	registered = true;
}

void platform_rcu_unregister_thread(void)
{
	if (!registered)
		return;
	leave_sections();
	urcu_memb_unregister_thread();
	registered = false;
}
