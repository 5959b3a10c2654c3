// SPDX-License-Identifier: MIT
// Floor: 5
/* Four threads share a folio: they get it, lock it, write to it, put it. */
#include <pagesim/folio_lock.h>
#include <pagesim/page_alloc.h>
#include <pagesim/pagesim.h>

#define NR_THREADS 4

static struct folio *folio;
static unsigned long nr; /* plain: under the folio's lock */

static void work(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++) {
		if (!folio_try_get(folio))
			continue;
		folio_lock(folio);
		nr++;
		folio_unlock(folio);
		folio_put(folio);
	}
}

int main(void)
{
	struct pagesim_thread threads[NR_THREADS];
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.nr_cpus = NR_THREADS + 1;
	if (pagesim_boot(&config))
		return 1;
	folio = folio_alloc(GFP_KERNEL, 2);
	for (int i = 0; i < NR_THREADS; i++)
		pagesim_thread_create(&threads[i], "worker", work, NULL);
	for (int i = 0; i < NR_THREADS; i++)
		pagesim_thread_join(&threads[i]);
	folio_put(folio);
	return pagesim_shutdown() || nr != NR_THREADS * 1000;
}
