/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * BUG(), WARN() and the VM_* checks.
 *
 * Models: include/asm-generic/bug.h, include/linux/mmdebug.h at v6.12.
 *
 * The checks are a build option, as they are in the kernel. PAGESIM_DEBUG
 * is the highest tier that is compiled in:
 *   0 none     nothing: a hot inline is the kernel's and nothing else
 *   1 vm       CONFIG_DEBUG_VM
 *   2 pgflags  and CONFIG_DEBUG_VM_PGFLAGS
 *   3 full     and the simulator's own
 * A process may ask for less at boot (struct pagesim_config), never for
 * more.
 *
 * Differs from the kernel: BUG() goes through pagesim_report(), so a test
 * can expect it; WARN_ON_ONCE() counts and reports every time.
 */
#ifndef PAGESIM_BUG_H
#define PAGESIM_BUG_H

#include <stdbool.h>
#include <pagesim/report.h>

#ifndef PAGESIM_DEBUG
#define PAGESIM_DEBUG 0
#endif

#if PAGESIM_DEBUG >= 1
#define CONFIG_DEBUG_VM 1
#endif
#if PAGESIM_DEBUG >= 2
#define CONFIG_DEBUG_VM_PGFLAGS 1
#endif

struct page;

/* The tier of this boot; written by pagesim_boot() only. */
extern int pagesim_debug_tier;

/* Defined on floor 2, where pages are: prints the page and why. */
void dump_page(const struct page *page, const char *reason);

#define __PAGESIM_REPORT(kind, ...) \
	pagesim_report(kind, __FILE__, __LINE__, __func__, __VA_ARGS__)

#define BUG() __PAGESIM_REPORT(PAGESIM_REPORT_BUG_ON, "BUG()")

#define BUG_ON(cond)                                                          \
	do {                                                                  \
		if (unlikely(cond))                                           \
			__PAGESIM_REPORT(PAGESIM_REPORT_BUG_ON, "BUG_ON(%s)", \
					 #cond);                              \
	} while (0)

static inline bool pagesim_warn_on(bool cond, const char *rule,
				   const char *file, int line, const char *func)
{
	if (unlikely(cond))
		pagesim_report(PAGESIM_REPORT_WARN, file, line, func, "%s",
			       rule);
	return unlikely(cond);
}

#define __PAGESIM_WARN(cond, rule) \
	pagesim_warn_on(!!(cond), rule, __FILE__, __LINE__, __func__)
#define WARN_ON(cond) __PAGESIM_WARN(cond, "WARN_ON(" #cond ")")
#define WARN_ON_ONCE(cond) __PAGESIM_WARN(cond, "WARN_ON_ONCE(" #cond ")")

/* With a text; the report's rule is the formatted one. */
#define WARN(cond, ...)                                                     \
	__extension__({                                                     \
		bool __cond = !!(cond);                                     \
                                                                            \
		if (unlikely(__cond))                                       \
			__PAGESIM_REPORT(PAGESIM_REPORT_WARN, __VA_ARGS__); \
		unlikely(__cond);                                           \
	})
#define WARN_ONCE(cond, ...) WARN(cond, __VA_ARGS__)

/* rule is made where cond is still as it was written: no macro expanded. */
#define __VM_REPORT_PAGE(tier, kind, rule, cond, page)                \
	do {                                                          \
		if (pagesim_debug_tier >= (tier) && unlikely(cond)) { \
			dump_page(page, rule);                        \
			__PAGESIM_REPORT(kind, "%s", rule);           \
		}                                                     \
	} while (0)

/* The same as an expression: whether the condition holds, in this tier. */
#define __VM_WARN_PAGE(rule, cond, page)                                   \
	__extension__({                                                    \
		bool __holds = pagesim_debug_tier >= 1 && (cond);          \
                                                                           \
		if (unlikely(__holds)) {                                   \
			dump_page(page, rule);                             \
			__PAGESIM_REPORT(PAGESIM_REPORT_WARN, "%s", rule); \
		}                                                          \
		__holds;                                                   \
	})

/*
 * The condition is compiled, so that it cannot rot, but never evaluated. As
 * in the kernel it has no value: "if (VM_WARN_ON_FOLIO(...))" is for code
 * that is built with CONFIG_DEBUG_VM only.
 */
#define __VM_UNCHECKED(cond) ((void)sizeof((long)(cond)))

/* Of these the three that dump a page are expressions, as in v6.12. */
#ifdef CONFIG_DEBUG_VM
#define VM_BUG_ON_PAGE(cond, page)                 \
	__VM_REPORT_PAGE(1, PAGESIM_REPORT_BUG_ON, \
			 "VM_BUG_ON_PAGE(" #cond ")", cond, page)
#define VM_BUG_ON_FOLIO(cond, folio)               \
	__VM_REPORT_PAGE(1, PAGESIM_REPORT_BUG_ON, \
			 "VM_BUG_ON_FOLIO(" #cond ")", cond, &(folio)->page)
#define VM_BUG_ON(cond)                      \
	do {                                 \
		if (pagesim_debug_tier >= 1) \
			BUG_ON(cond);        \
	} while (0)
#define VM_WARN_ON_FOLIO(cond, folio) \
	__VM_WARN_PAGE("VM_WARN_ON_FOLIO(" #cond ")", cond, &(folio)->page)
#define VM_WARN_ON_ONCE_FOLIO(cond, folio) \
	__VM_WARN_PAGE("VM_WARN_ON_ONCE_FOLIO(" #cond ")", cond, &(folio)->page)
#define VM_WARN_ON_ONCE_PAGE(cond, page) \
	__VM_WARN_PAGE("VM_WARN_ON_ONCE_PAGE(" #cond ")", cond, page)
#define VM_WARN_ON(cond)                                               \
	do {                                                           \
		if (pagesim_debug_tier >= 1)                           \
			__PAGESIM_WARN(cond, "VM_WARN_ON(" #cond ")"); \
	} while (0)
#define VM_WARN_ON_ONCE(cond)                                               \
	do {                                                                \
		if (pagesim_debug_tier >= 1)                                \
			__PAGESIM_WARN(cond, "VM_WARN_ON_ONCE(" #cond ")"); \
	} while (0)
#else
#define VM_BUG_ON_PAGE(cond, page) __VM_UNCHECKED(cond)
#define VM_BUG_ON_FOLIO(cond, folio) __VM_UNCHECKED(cond)
#define VM_BUG_ON(cond) __VM_UNCHECKED(cond)
#define VM_WARN_ON_FOLIO(cond, folio) __VM_UNCHECKED(cond)
#define VM_WARN_ON_ONCE_FOLIO(cond, folio) __VM_UNCHECKED(cond)
#define VM_WARN_ON_ONCE_PAGE(cond, page) __VM_UNCHECKED(cond)
#define VM_WARN_ON(cond) __VM_UNCHECKED(cond)
#define VM_WARN_ON_ONCE(cond) __VM_UNCHECKED(cond)
#endif

#ifdef CONFIG_DEBUG_VM_PGFLAGS
#define VM_BUG_ON_PGFLAGS(cond, page)              \
	__VM_REPORT_PAGE(2, PAGESIM_REPORT_BUG_ON, \
			 "VM_BUG_ON_PAGE(" #cond ")", cond, page)
#else
#define VM_BUG_ON_PGFLAGS(cond, page) __VM_UNCHECKED(cond)
#endif

#endif /* PAGESIM_BUG_H */
