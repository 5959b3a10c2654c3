// SPDX-License-Identifier: MIT
// Floor: 5
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include "test.h"
#include <pagesim/kpage_file.h>

static char directory[] = "/tmp/pagesim-test-XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

/* Paths stay valid until the fourth call after it. */
static const char *path_of(const char *name)
{
	static char paths[4][64];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static const char *make_file(const char *name, const void *bytes, size_t size)
{
	const char *path = path_of(name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void refused(const char *flags, const char *count, unsigned long max_nr,
		    int err, const char *why)
{
	struct kpage_words words;

	assert_int_equal(kpage_words_read(&words, flags, count, max_nr, NULL,
					  NULL),
			 err);
	if (!strstr(pagesim_error(), why))
		fail_msg("\"%s\" does not say \"%s\"", pagesim_error(), why);
	assert_null(strchr(pagesim_error(), '\n'));
	kpage_words_free(&words);
}

static u64 *some_words(unsigned long nr)
{
	u64 *words = malloc(nr * sizeof(*words));

	for (unsigned long i = 0; i < nr; i++)
		words[i] = i * 0x9e3779b97f4a7c15u;
	return words;
}

static void same_words(const char *path, const u64 *expected, unsigned long nr)
{
	struct kpage_words words;

	assert_int_equal(kpage_words_read(&words, path, NULL, ~0UL, NULL, NULL),
			 0);
	assert_int_equal(words.nr, nr);
	assert_memory_equal(words.flags, expected, nr * sizeof(u64));
	kpage_words_free(&words);
}

/* Sizes around the piece in which files are read. */
static void test_plain_and_packed(void **state)
{
	static const unsigned long sizes[] = { 1, 8191, 8192, 8193, 100000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long nr = sizes[i];
		u64 *words = some_words(nr);
		size_t bound = ZSTD_compressBound(nr * 8);
		char *packed = malloc(bound);
		size_t size = ZSTD_compress(packed, bound, words, nr * 8, 1);
		const char *path = path_of("words");

		assert_int_equal(kpage_words_write(path, words, nr), 0);
		same_words(path, words, nr);
		unlink(path);
		path = make_file("packed", packed, size);
		same_words(path, words, nr);
		unlink(path);
		free(packed);
		free(words);
	}
}

/* Highly compressible: much output from little input. */
static void test_long_runs(void **state)
{
	unsigned long nr = 1 << 20;
	u64 *words = calloc(nr, sizeof(*words));
	char *packed = malloc(1 << 16);
	size_t size = ZSTD_compress(packed, 1 << 16, words, nr * 8, 19);
	const char *path = make_file("runs", packed, size);

	(void)state;
	assert_false(ZSTD_isError(size));
	same_words(path, words, nr);
	unlink(path);
	free(packed);
	free(words);
}

/* pzstd begins with a frame that says how long the next is, to be skipped. */
static void test_skippable_frame(void **state)
{
	u64 words[2] = { 7, 8 };
	u32 skip[3] = { 0x184D2A50, 4, 99 };
	char packed[256];
	size_t size;
	const char *path;

	(void)state;
	memcpy(packed, skip, sizeof(skip));
	size = sizeof(skip) +
	       ZSTD_compress(packed + sizeof(skip), 128, words, 16, 1);
	path = make_file("skip", packed, size);
	same_words(path, words, 2);
	unlink(path);
}

/* zstd files may be put one behind the other. */
static void test_two_zstd_frames(void **state)
{
	u64 words[4] = { 1, 2, 3, 4 };
	char packed[256];
	size_t size = ZSTD_compress(packed, 128, words, 16, 1);
	const char *path;

	(void)state;
	size += ZSTD_compress(packed + size, 128, words + 2, 16, 1);
	path = make_file("two", packed, size);
	same_words(path, words, 4);
	unlink(path);
}

static void test_no_words(void **state)
{
	const char *path;

	(void)state;
	path = make_file("empty", "", 0);
	refused(path, NULL, ~0UL, -EINVAL, "empty: frame 0: the file is empty");
	unlink(path);
	path = make_file("bytes", "12345678901", 11);
	refused(path, NULL, ~0UL, -EINVAL,
		"bytes: frame 1: 11 bytes are no whole number of 8-byte words");
	unlink(path);
	refused(path_of("none"), NULL, ~0UL, -ENOENT, "none: cannot open: ");
	refused(directory, NULL, ~0UL, -EISDIR, "is a directory");
	refused("/dev/zero", NULL, ~0UL, -EINVAL, "is a device");
}

static void test_unreadable(void **state)
{
	const char *path = make_file("secret", "12345678", 8);

	(void)state;
	chmod(path, 0);
	/* Root reads everything: be somebody else for a moment. */
	if (!getuid())
		assert_int_equal(seteuid(65534), 0);
	refused(path, NULL, ~0UL, -EACCES, "cannot open");
	if (!getuid())
		assert_int_equal(seteuid(0), 0);
	unlink(path);
}

static void test_broken_zstd(void **state)
{
	unsigned long nr = 50000;
	u64 *words = some_words(nr);
	size_t bound = ZSTD_compressBound(nr * 8);
	char *packed = malloc(bound);
	size_t size = ZSTD_compress(packed, bound, words, nr * 8, 1);
	const char *path;

	(void)state;
	path = make_file("cut", packed, size - 1);
	refused(path, NULL, ~0UL, -EINVAL,
		"the zstd data end before they are complete");
	unlink(path);
	path = make_file("cut", packed, 4);
	refused(path, NULL, ~0UL, -EINVAL, "cut: frame 0: the zstd data end");
	unlink(path);
	memset(packed + 4, 0xff, 60);
	path = make_file("corrupt", packed, size);
	refused(path, NULL, ~0UL, -EINVAL, "corrupt zstd data: ");
	unlink(path);
	free(packed);
	free(words);
}

static void test_too_many_frames(void **state)
{
	u64 words[10] = { 0 };
	char packed[256];
	size_t size = ZSTD_compress(packed, sizeof(packed), words, 80, 1);
	const char *plain = make_file("ten", words, 80);
	const char *zstd = make_file("packed", packed, size);

	(void)state;
	refused(plain, NULL, 9, -E2BIG,
		"ten: frame 9: the file has 10 frames, the reserve limit holds 9");
	refused(zstd, NULL, 9, -E2BIG, "--reserve-limit");
	/* As large as it says, without a byte in it. */
	assert_int_equal(truncate(plain, 1L << 40), 0);
	refused(plain, NULL, 1UL << 20, -E2BIG, "--reserve-limit");
	refused(plain, NULL, ~0UL, -ENOMEM, "this host has");
	unlink(plain);
	unlink(zstd);
}

static void test_two_files(void **state)
{
	u64 *words = some_words(20000);
	const char *flags = make_file("flags", words, 20000 * 8);
	const char *count = make_file("count", words + 1, 19999 * 8);
	struct kpage_words both;

	(void)state;
	refused(flags, count, ~0UL, -EINVAL,
		"count: frame 19999: it has 19999 words and ");
	refused(count, flags, ~0UL, -EINVAL,
		"flags: frame 19999: it has 20000");
	assert_int_equal(truncate(flags, 19999 * 8), 0);
	assert_int_equal(
		kpage_words_read(&both, flags, count, ~0UL, NULL, NULL), 0);
	assert_int_equal(both.nr, 19999);
	assert_memory_equal(both.flags, words, 19999 * 8);
	assert_memory_equal(both.count, words + 1, 19999 * 8);
	kpage_words_free(&both);
	unlink(flags);
	unlink(count);
	free(words);
}

static void count_calls(unsigned long done, unsigned long all, void *data)
{
	unsigned long *last = data;

	assert_true(done >= *last);
	assert_int_equal(all, 20000);
	*last = done;
}

static void test_progress(void **state)
{
	u64 *words = some_words(20000);
	const char *path = make_file("flags", words, 20000 * 8);
	struct kpage_words read;
	unsigned long last = 0;

	(void)state;
	assert_int_equal(kpage_words_read(&read, path, NULL, ~0UL, count_calls,
					  &last),
			 0);
	assert_int_equal(last, 20000);
	kpage_words_free(&read);
	unlink(path);
	free(words);
}

static void test_write_errors(void **state)
{
	u64 word = 1;

	(void)state;
	struct rlimit old, none = { 0, 0 };
	const char *path = path_of("words");

	assert_int_equal(kpage_words_write("/none/there", &word, 1), -ENOENT);
	assert_non_null(
		strstr(pagesim_error(), "/none/there.part: cannot create"));
	/* What was there stays when the new words do not fit. */
	assert_int_equal(kpage_words_write(path, &word, 1), 0);
	getrlimit(RLIMIT_FSIZE, &old);
	none.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &none);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(kpage_words_write(path, &none.rlim_cur, 1), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_non_null(strstr(pagesim_error(), "words: cannot write"));
	same_words(path, &word, 1);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_and_packed),
		cmocka_unit_test(test_long_runs),
		cmocka_unit_test(test_skippable_frame),
		cmocka_unit_test(test_two_zstd_frames),
		cmocka_unit_test(test_no_words),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_broken_zstd),
		cmocka_unit_test(test_too_many_frames),
		cmocka_unit_test(test_two_files),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_write_errors),
	};

	return cmocka_run_group_tests_name("kpage_file", tests, make_directory,
					   remove_directory);
}
