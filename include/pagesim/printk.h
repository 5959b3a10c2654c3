/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * The kernel's console.
 *
 * Models: include/linux/printk.h, include/linux/kern_levels.h at v6.12.
 * Levels are taken off and not printed; every one is printed but debug, which
 * needs DEBUG defined, as in the kernel. A call's text comes out in one piece.
 * Context: any.
 */
#ifndef PAGESIM_PRINTK_H
#define PAGESIM_PRINTK_H

#include <stdbool.h>
#include <stdio.h>
#include <pagesim/compiler.h>

/* Where it goes: standard error unless a test wants to read it. */
void pagesim_set_console(FILE *console);

#define KERN_SOH "\001"
#define KERN_EMERG KERN_SOH "0"
#define KERN_ALERT KERN_SOH "1"
#define KERN_CRIT KERN_SOH "2"
#define KERN_ERR KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE KERN_SOH "5"
#define KERN_INFO KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"
#define KERN_CONT KERN_SOH "c"

/* Returns how many bytes it printed. */
int printk(const char *fmt, ...) __printf(1, 2);

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif

#define pr_emerg(fmt, ...) printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert(fmt, ...) printk(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit(fmt, ...) printk(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...) printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...) printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice(fmt, ...) printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...) printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_cont(fmt, ...) printk(KERN_CONT fmt, ##__VA_ARGS__)

/* Compiled, and never printed. */
#define no_printk(fmt, ...)                         \
	do {                                        \
		if (0)                              \
			printk(fmt, ##__VA_ARGS__); \
	} while (0)

#ifdef DEBUG
#define pr_debug(fmt, ...) printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#else
#define pr_debug(fmt, ...) no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#endif

/* Once for the place and the process. */
#define printk_once(fmt, ...)                                                 \
	do {                                                                  \
		static bool __printed;                                        \
                                                                              \
		if (!__atomic_exchange_n(&__printed, true, __ATOMIC_RELAXED)) \
			printk(fmt, ##__VA_ARGS__);                           \
	} while (0)
#define pr_err_once(fmt, ...) printk_once(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn_once(fmt, ...) \
	printk_once(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info_once(fmt, ...) printk_once(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)

/* Not limited: there is no time here. */
#define pr_err_ratelimited pr_err
#define pr_warn_ratelimited pr_warn
#define pr_info_ratelimited pr_info

#endif /* PAGESIM_PRINTK_H */
