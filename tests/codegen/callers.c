// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * 100 callers with 240 page flag operations between them, in the shapes that
 * kernel code has: early returns, loops over pages, a test and a set of the
 * same page. GENERATION names the compound_head() that each operation goes
 * through. What the text grows by is what Hugh Dickins measured on
 * mm/built-in.o in August 2015: 478513 to 490183 bytes.
 */
#include <pagesim/page-flags.h>

#define CAT(a, b) a##b
#define XCAT(a, b) CAT(a, b)

#define plain(page) (page)
#define folio(page) (page)
#define pre_v3_14(page) compound_head_pre_v3_14(page)
#define v3_14(page) compound_head_v3_14(page)
#define v4_4(page) compound_head_v4_4(page)
#define v5_14(page) compound_head_v5_14(page)
#define v5_14_hvo(page) compound_head_v5_14_hvo(page)
#define v7_1(page) compound_head_v7_1(page)

#ifdef BEFORE_V4_4
typedef struct page_v4_2 page_t;
#else
typedef struct page page_t;
#endif

#define TEST(page, bit) test_bit((bit)&31, &GENERATION(page)->flags)
#define SET(page, bit) set_bit((bit)&31, &GENERATION(page)->flags)
#define CLEAR(page, bit) clear_bit((bit)&31, &GENERATION(page)->flags)

extern void other_work(page_t *page, long x);

/* Each shape: its number of uses, and a body that varies with n. */
#define SHAPE_1_USE_a(n)                         \
	void a##n(page_t *page, long x);         \
	void a##n(page_t *page, long x)          \
	{                                        \
		if (TEST(page, n))               \
			other_work(page, x + n); \
	}
#define SHAPE_2_USES_b(n)                                       \
	bool b##n(page_t *page);                                \
	bool b##n(page_t *page)                                 \
	{                                                       \
		return TEST(page, n + 1) && !TEST(page, n + 4); \
	}
#define SHAPE_3_USES_c(n)                              \
	long c##n(page_t *page, page_t *next, long x); \
	long c##n(page_t *page, page_t *next, long x)  \
	{                                              \
		if (TEST(page, n + 2))                 \
			return x;                      \
		SET(page, n + 2);                      \
		other_work(next, x);                   \
		CLEAR(page, n + 2);                    \
		return x + n;                          \
	}
#define SHAPE_2_USES_d(n)                                  \
	long d##n(page_t *pages, long nr);                 \
	long d##n(page_t *pages, long nr)                  \
	{                                                  \
		long sum = 0;                              \
                                                           \
		for (long i = 0; i < nr; i++)              \
			sum += TEST(pages + i, n) +        \
			       2 * TEST(pages + i, n + 3); \
		return sum;                                \
	}
#define SHAPE_3_USES_e(n)                                \
	void e##n(page_t **pages, long nr);              \
	void e##n(page_t **pages, long nr)               \
	{                                                \
		for (long i = 0; i < nr; i++) {          \
			if (!TEST(pages[i], n + 5))      \
				continue;                \
			CLEAR(pages[i], n + 5);          \
			if (TEST(pages[i], n + 6))       \
				other_work(pages[i], i); \
		}                                        \
	}
#define SHAPE_2_USES_f(n)                    \
	void f##n(page_t *from, page_t *to); \
	void f##n(page_t *from, page_t *to)  \
	{                                    \
		if (TEST(from, n + 7))       \
			SET(to, n + 7);      \
	}
#define SHAPE_3_USES_g(n)                       \
	int g##n(page_t *page, int x);          \
	int g##n(page_t *page, int x)           \
	{                                       \
		if (x == n && TEST(page, n))    \
			return -1;              \
		if (x > n && TEST(page, n + 8)) \
			return 1;               \
		return TEST(page, n + 9);       \
	}
#define SHAPE_2_USES_h(n)                                        \
	bool h##n(page_t *page, page_t *next);                   \
	bool h##n(page_t *page, page_t *next)                    \
	{                                                        \
		return TEST(page, n + 10) == TEST(next, n + 10); \
	}
#define SHAPE_3_USES_i(n)                    \
	void i##n(page_t *page, long x);     \
	void i##n(page_t *page, long x)      \
	{                                    \
		CLEAR(page, n + 11);         \
		if (x)                       \
			SET(page, n + 12);   \
		else                         \
			CLEAR(page, n + 12); \
		other_work(page, x);         \
	}
#define SHAPE_3_USES_j(n)                                                   \
	page_t *j##n(page_t *page, page_t *end);                            \
	page_t *j##n(page_t *page, page_t *end)                             \
	{                                                                   \
		while (page < end && (TEST(page, n) || TEST(page, n + 1) || \
				      TEST(page, n + 2)))                   \
			page++;                                             \
		return page;                                                \
	}

#define TEN(shape)                                                     \
	shape(0) shape(1) shape(2) shape(3) shape(4) shape(5) shape(6) \
		shape(7) shape(8) shape(9)

/* clang-format off */
TEN(SHAPE_1_USE_a)
TEN(SHAPE_2_USES_b)
TEN(SHAPE_3_USES_c)
TEN(SHAPE_2_USES_d)
TEN(SHAPE_3_USES_e)
TEN(SHAPE_2_USES_f)
TEN(SHAPE_3_USES_g)
TEN(SHAPE_2_USES_h)
TEN(SHAPE_3_USES_i)
TEN(SHAPE_3_USES_j)
/* clang-format on */
