// SPDX-License-Identifier: MIT
// Floor: 2
#include <pagesim/pagevec.h>

void folios_put_refs(struct folio_batch *folios, unsigned int *refs)
{
	unsigned int dead = 0;

	for (unsigned int i = 0; i < folio_batch_count(folios); i++) {
		struct folio *folio = folios->folios[i];

		if (folio_ref_sub_and_test(folio, refs ? (int)refs[i] : 1))
			folios->folios[dead++] = folio;
	}
	folio_batch_reinit(folios);
	for (unsigned int i = 0; i < dead; i++)
		__folio_put(folios->folios[i]);
}
