// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "platform.h"

static uint32_t word;
static uint32_t seen;

static void wait_for_one(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&word, __ATOMIC_ACQUIRE))
		platform_park(&word, 0);
	seen = 7;
}

static void test_park_and_unpark(void **state)
{
	struct platform_thread thread;

	(void)state;
	word = seen = 0;
	assert_int_equal(platform_thread_create(&thread, wait_for_one, NULL),
			 0);
	__atomic_store_n(&word, 1, __ATOMIC_RELEASE);
	platform_unpark(&word, 1);
	platform_thread_join(&thread);
	assert_int_equal(seen, 7);
}

static void test_park_looks_first(void **state)
{
	(void)state;
	word = 1;
	platform_park(&word, 0); /* or this test never ends */
	assert_int_equal(word, 1);
}

static void test_time_goes_on(void **state)
{
	uint64_t before = platform_time_ns();

	(void)state;
	assert_true(platform_time_ns() >= before);
}

/* A function of a library by name, one of ours by its place in the program. */
static void test_code_name(void **state)
{
	char text[96];

	(void)state;
	platform_code_name(text, sizeof(text), NULL);
	assert_string_equal(text, "unknown");
	platform_code_name(text, sizeof(text), text);
	assert_string_equal(text, "unknown");
	platform_code_name(text, sizeof(text),
			   (const char *)test_code_name + 1);
	assert_ptr_equal(strstr(text, "test_platform+0x"), text);
	platform_code_name(text, sizeof(text),
			   (const char *)_cmocka_run_group_tests + 1);
	assert_string_equal(text, "_cmocka_run_group_tests+0x1");
	platform_code_name(text, 5, (const char *)test_code_name + 1);
	assert_string_equal(text, "test");
}

static void test_reserve(void **state)
{
	size_t size = 1UL << 22, align = 1UL << 26;
	char *base = platform_reserve(size, align);

	(void)state;
	assert_non_null(base);
	assert_int_equal((uintptr_t)base % align, 0);
	assert_int_equal(base[0], 0);
	base[size - 1] = 1;
	platform_advise_huge(base, size, false);
	platform_release(base, size);
	assert_null(platform_reserve(1UL << 62, align));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_park_and_unpark),
		cmocka_unit_test(test_code_name),
		cmocka_unit_test(test_park_looks_first),
		cmocka_unit_test(test_time_goes_on),
		cmocka_unit_test(test_reserve),
	};

	return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
