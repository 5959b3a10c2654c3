// SPDX-License-Identifier: MIT
// Floor: 2
#include <errno.h>
#include <string.h>
#include <pagesim/bug.h>
#include <pagesim/check.h>
#include <pagesim/folio_lock.h>
#include <pagesim/inject.h>
#include <pagesim/page_alloc.h>
#include <pagesim/pagesim.h>

#include "arena.h"
#include "cpu.h"
#include "error.h"
#include "lockdep.h"
#include "memmap.h"
#include "page_poison.h"
#include "page_shadow.h"
#include "pcp.h"
#include "rcu.h"
#include "slab.h"

#define TIB (1ULL << 40)
#define DEFAULT_RESERVE_LIMIT (2 * TIB)

/* Far beyond any host; keeps every size below in 64 bits. */
#define MAX_NR_PAGES (1UL << 46)
#define MAX_KMALLOC_BYTES TIB
#define DEFAULT_KMALLOC_BYTES (64ULL << 20)

static bool running;

static const char *const debug_names[] = {
	[PAGESIM_DEBUG_NONE] = "none",
	[PAGESIM_DEBUG_VM] = "vm",
	[PAGESIM_DEBUG_PGFLAGS] = "pgflags",
	[PAGESIM_DEBUG_FULL] = "full",
};

const char *pagesim_version(void)
{
	return PAGESIM_VERSION;
}

enum pagesim_debug pagesim_built_debug(void)
{
	return (enum pagesim_debug)PAGESIM_DEBUG;
}

const char *pagesim_debug_name(enum pagesim_debug debug)
{
	return debug_names[debug];
}

void pagesim_config_init(struct pagesim_config *config)
{
	memset(config, 0, sizeof(*config));
	config->nr_pages = 1UL << (30 - PAGE_SHIFT);
	config->kmalloc_bytes = DEFAULT_KMALLOC_BYTES;
	config->nr_cpus = 4;
	config->debug = pagesim_built_debug();
}

unsigned long long pagesim_max_reserve(void)
{
	return arena_max_size();
}

unsigned long long pagesim_default_reserve(void)
{
	unsigned long long max = arena_max_size();

	return max < DEFAULT_RESERVE_LIMIT ? max : DEFAULT_RESERVE_LIMIT;
}

unsigned long long pagesim_reserve_size(const struct pagesim_config *config)
{
	return memmap_arena_size(config) +
	       slab_arena_size(config->kmalloc_bytes) + pcp_arena_size(config) +
	       page_poison_arena_size(config);
}

static int check_debug(const struct pagesim_config *config)
{
	if ((unsigned int)config->debug >= ARRAY_SIZE(debug_names))
		return set_error(-EINVAL, "there is no debug tier %d",
				 (int)config->debug);
	if (config->debug > pagesim_built_debug())
		return set_error(
			-EINVAL,
			"debug tier \"%s\" is not built in: this library has up to \"%s\" (cmake -DPAGESIM_DEBUG=%s)",
			debug_names[config->debug],
			debug_names[pagesim_built_debug()],
			debug_names[config->debug]);
	return 0;
}

static int check_reserve(const struct pagesim_config *config)
{
	unsigned long long size = pagesim_reserve_size(config);
	unsigned long long max = arena_max_size();
	unsigned long long limit = config->reserve_limit;
	char a[SIZE_TEXT_LEN], b[SIZE_TEXT_LEN], c[SIZE_TEXT_LEN];

	if (limit > max)
		return set_error(
			-EINVAL,
			"a reserve limit of %s cannot be had: %s takes at most %s",
			size_text(a, limit), arena_host_name(),
			size_text(b, max));
	if (!limit)
		limit = pagesim_default_reserve();
	if (size > limit)
		return set_error(
			-E2BIG,
			"%lu pages need %s of address space, the reserve limit is %s (reserve_limit, --reserve-limit; %s takes at most %s)",
			config->nr_pages, size_text(a, size),
			size_text(b, limit), arena_host_name(),
			size_text(c, max));
	return 0;
}

static int check_cpus(const struct pagesim_config *config)
{
	unsigned int max = PAGESIM_MAX_CPUS;

	if ((unsigned int)config->rcu_mode >= PAGESIM_RCU_NR_MODES)
		return set_error(-EINVAL, "there is no RCU mode %d",
				 (int)config->rcu_mode);
	if (rcu_has_worker(config->rcu_mode, config->rcu_worker))
		max--;
	if (!config->nr_cpus || config->nr_cpus > max)
		return set_error(-EINVAL,
				 "%u CPUs cannot be simulated: 1 to %u can%s",
				 config->nr_cpus, max,
				 max < PAGESIM_MAX_CPUS
					 ? ", and one for RCU's thread"
					 : "");
	return 0;
}

static int check_config(const struct pagesim_config *config)
{
	int err;

	if (running)
		return set_error(-EBUSY, "a machine is running already");
	if (!config->nr_pages)
		return set_error(-EINVAL, "a machine needs at least one page");
	if (config->nr_pages > MAX_NR_PAGES)
		return set_error(-EINVAL,
				 "%lu pages are more than a machine can have",
				 config->nr_pages);
	err = check_cpus(config);
	if (err)
		return err;
	if (config->kmalloc_bytes > MAX_KMALLOC_BYTES)
		return set_error(
			-EINVAL,
			"%llu bytes for kmalloc are more than a machine can have",
			config->kmalloc_bytes);
	err = check_debug(config);
	if (err)
		return err;
	return check_reserve(config);
}

int pagesim_boot(const struct pagesim_config *config)
{
	struct pagesim_config defaults;
	int err;

	if (!config) {
		pagesim_config_init(&defaults);
		config = &defaults;
	}
	err = check_config(config);
	if (err)
		return err;
	err = arena_reserve(pagesim_reserve_size(config), memmap_arena_align());
	if (err)
		return err;
	pagesim_debug_tier = (int)config->debug;
	pagesim_reset_reports();
	cpu_boot(config->nr_cpus);
	lockdep_boot(config->debug >= PAGESIM_DEBUG_FULL &&
		     !config->no_lockdep);
	memmap_boot(config);
	page_shadow_boot();
	pagesim_check_allow(PAGESIM_ALLOW_LOCKED);
	slab_boot(config->kmalloc_bytes);
	page_poison_boot(config);
	pagesim_page_alloc_boot(config);
	pagesim_folio_lock_boot();
	err = rcu_boot(config->rcu_mode, config->rcu_worker, config->rcu_lifo);
	if (err) {
		pagesim_thread_exit();
		slab_shutdown();
		memmap_shutdown();
		arena_release();
		return err;
	}
	running = true;
	return 0;
}

bool pagesim_running(void)
{
	return running;
}

/* Page by page in tier "full", else what came and went. */
static unsigned long report_leaked_pages(void)
{
	long leaked = pagesim_nr_allocated();

	if (pagesim_debug_tier >= PAGESIM_DEBUG_FULL)
		return page_shadow_report_leaks(
			pagesim_zone.first_deferred_pfn);
	if (leaked <= 0)
		return 0;
	pagesim_report(PAGESIM_REPORT_LEAK, __FILE__, __LINE__, __func__,
		       "%ld pages were never freed", leaked);
	return (unsigned long)leaked;
}

unsigned long pagesim_shutdown(void)
{
	unsigned long wrong;

	if (!running)
		return 0;
	rcu_shutdown(); /* callbacks free pages and objects */
	/* Before anything is taken down: a handler may leave by longjmp(). */
	wrong = slab_report_leaks();
	if (pagesim_debug_tier >= PAGESIM_DEBUG_FULL)
		wrong += pagesim_check();
	wrong += report_leaked_pages();
	running = false;
	pagesim_thread_exit();
	pagesim_inject_off();
	pagesim_page_alloc_shutdown();
	page_poison_shutdown();
	slab_shutdown();
	memmap_shutdown();
	arena_release();
	return wrong;
}
