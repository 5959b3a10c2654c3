/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * The word by which the kernel shows a page in /proc/kpageflags, and the
 * one in /proc/kpagecount.
 *
 * Models: include/uapi/linux/kernel-page-flags.h,
 * include/linux/kernel-page-flags.h, fs/proc/page.c at v6.12. The long names
 * are those of tools/mm/page-types.c at v6.12, and arch_3, for which it has
 * none.
 *
 * Differs from the kernel: v6.12 shows every anonymous page as KSM, because
 * it tests two bits of the mapping word and takes one for both. Here, as
 * before and after, it takes both.
 */
#ifndef PAGESIM_KPAGEFLAGS_H
#define PAGESIM_KPAGEFLAGS_H

#include <pagesim/mm_types.h>

/* clang-format off */
#define KPF_LOCKED		0
#define KPF_ERROR		1 /* no page carries it since v6.12 */
#define KPF_REFERENCED		2
#define KPF_UPTODATE		3
#define KPF_DIRTY		4
#define KPF_LRU			5
#define KPF_ACTIVE		6
#define KPF_SLAB		7
#define KPF_WRITEBACK		8
#define KPF_RECLAIM		9
#define KPF_BUDDY		10
#define KPF_MMAP		11
#define KPF_ANON		12
#define KPF_SWAPCACHE		13
#define KPF_SWAPBACKED		14
#define KPF_COMPOUND_HEAD	15
#define KPF_COMPOUND_TAIL	16
#define KPF_HUGE		17
#define KPF_UNEVICTABLE		18
#define KPF_HWPOISON		19
#define KPF_NOPAGE		20
#define KPF_KSM			21
#define KPF_THP			22
#define KPF_OFFLINE		23
#define KPF_ZERO_PAGE		24
#define KPF_IDLE		25
#define KPF_PGTABLE		26
#define KPF_RESERVED		32
#define KPF_MLOCKED		33
#define KPF_OWNER_2		34 /* of an anonymous page: anon_exclusive */
#define KPF_PRIVATE		35
#define KPF_PRIVATE_2		36
#define KPF_OWNER_PRIVATE	37
#define KPF_ARCH		38
#define KPF_UNCACHED		39 /* unused */
#define KPF_SOFTDIRTY		40 /* of a mapping, not of a page */
#define KPF_ARCH_2		41
#define KPF_ARCH_3		42
/* Made up by page-types for a bit that another flag explains. */
#define KPF_ANON_EXCLUSIVE	47
#define KPF_READAHEAD		48
#define KPF_SLUB_FROZEN		50
#define KPF_SLUB_DEBUG		51
#define KPF_NR_BITS		64
/* clang-format on */

/* The bits that a state of this simulator can give. */
#define KPF_MODELLED                                           \
	((BIT_ULL(KPF_PGTABLE + 1) - 1 - BIT_ULL(KPF_ERROR)) | \
	 (BIT_ULL(KPF_ARCH + 1) - BIT_ULL(KPF_RESERVED)) |     \
	 BIT_ULL(KPF_ARCH_2) | BIT_ULL(KPF_ARCH_3))

/* The long name of a bit, or NULL for one that has none. */
const char *kpf_name(unsigned int bit);

/* The word as page-types -r shows it: an overloaded bit under its own name. */
u64 kpf_expand_overloaded(u64 word);

/*
 * The word of a page; NULL is a frame that is absent. Context: none, and no
 * reference is taken: it is a guess about a page that changes meanwhile.
 * (v6.12 with DEBUG_VM_PGFLAGS may BUG() on such a page; this does not.)
 */
u64 stable_page_flags(const struct page *page);

/*
 * The words of a frame. One that the allocator was not yet given reads as
 * the free page that it is. pfn_valid() is the caller's.
 */
u64 pagesim_kpageflags(unsigned long pfn);
u64 pagesim_kpagecount(unsigned long pfn);

/* What a frame is used for, as far as its word tells. */
enum kpage_kind {
	KPAGE_FREE,
	KPAGE_ANONYMOUS,
	KPAGE_KSM,
	KPAGE_FILE,
	KPAGE_SHMEM,
	KPAGE_HUGETLB,
	KPAGE_SLAB,
	KPAGE_PGTABLE,
	KPAGE_ZERO_PAGE,
	KPAGE_RESERVED,
	KPAGE_OFFLINE,
	KPAGE_HWPOISON,
	KPAGE_OTHER, /* allocated by the kernel, for what is not shown */
	KPAGE_ABSENT,
	KPAGE_NR_KINDS,
};

enum kpage_kind kpage_kind(u64 word);
const char *kpage_kind_name(enum kpage_kind kind);

#endif /* PAGESIM_KPAGEFLAGS_H */
