// SPDX-License-Identifier: MIT
// Floor: 2
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include <pagesim/compiler.h>
#include <pagesim/kpage_file.h>
#include <pagesim/mm_types.h>

#include "error.h"

#define SKIPPABLE_MAGIC 0x184D2A50u /* and 15 more: what zstd skips */
#define WORD sizeof(u64)
#define PIECE (1UL << 16) /* bytes; /proc wants whole words */

/* One open file and what of it lies in memory. */
struct reader {
	const char *path;
	int fd;
	bool eof;

	/* Only for a compressed file. */
	ZSTD_DCtx *zstd;
	char *packed;
	size_t packed_size, packed_pos;
	size_t zstd_hint; /* 0 between two zstd frames */

	char *bytes;
	size_t size, capacity;
};

static unsigned long next_frame(const struct reader *reader)
{
	return reader->size / WORD;
}

static int grow(struct reader *reader, size_t room)
{
	size_t capacity = reader->capacity ? reader->capacity : PIECE;
	char *bytes;

	while (capacity < reader->size + room)
		capacity *= 2;
	if (capacity == reader->capacity)
		return 0;
	bytes = realloc(reader->bytes, capacity);
	if (!bytes)
		return set_error(-ENOMEM, "%s: frame %lu: no memory for more",
				 reader->path, next_frame(reader));
	reader->bytes = bytes;
	reader->capacity = capacity;
	return 0;
}

static ssize_t read_piece(struct reader *reader, void *to, size_t size)
{
	ssize_t got;

	do {
		got = read(reader->fd, to, size);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return set_error(-errno, "%s: frame %lu: cannot read: %s",
				 reader->path, next_frame(reader),
				 strerror(errno));
	return got;
}

static int read_plain(struct reader *reader)
{
	ssize_t got;
	int err = grow(reader, PIECE);

	if (err)
		return err;
	got = read_piece(reader, reader->bytes + reader->size, PIECE);
	if (got < 0)
		return (int)got;
	reader->size += (size_t)got;
	reader->eof = got == 0;
	return 0;
}

/* Reads the next packed bytes when those at hand are used up. */
static int refill(struct reader *reader)
{
	ssize_t got;

	if (reader->packed_pos < reader->packed_size)
		return 0;
	got = read_piece(reader, reader->packed, PIECE);
	if (got < 0)
		return (int)got;
	reader->packed_pos = 0;
	reader->packed_size = (size_t)got;
	return 0;
}

/* Unpacks what is at hand, up to limit bytes in all. */
static int unpack(struct reader *reader, size_t limit)
{
	ZSTD_inBuffer in = { reader->packed, reader->packed_size,
			     reader->packed_pos };
	ZSTD_outBuffer out = { reader->bytes, limit, reader->size };

	reader->zstd_hint = ZSTD_decompressStream(reader->zstd, &out, &in);
	reader->packed_pos = in.pos;
	reader->size = out.pos;
	if (!ZSTD_isError(reader->zstd_hint))
		return 0;
	return set_error(-EINVAL, "%s: frame %lu: corrupt zstd data: %s",
			 reader->path, next_frame(reader),
			 ZSTD_getErrorName(reader->zstd_hint));
}

static int read_zstd(struct reader *reader)
{
	size_t limit = reader->size + PIECE;
	int err = grow(reader, PIECE);

	while (!err && !reader->eof && reader->size < limit) {
		size_t before = reader->size;
		bool no_input;

		err = refill(reader);
		if (err)
			break;
		no_input = !reader->packed_size;
		/* Some output may wait inside, with no input left. */
		if (!no_input || reader->zstd_hint)
			err = unpack(reader, limit);
		if (no_input && reader->size == before)
			reader->eof = true;
	}
	if (!err && reader->eof && reader->zstd_hint)
		err = set_error(
			-EINVAL,
			"%s: frame %lu: the zstd data end before they are complete",
			reader->path, next_frame(reader));
	return err;
}

static int read_some(struct reader *reader)
{
	return reader->zstd ? read_zstd(reader) : read_plain(reader);
}

/* A file that begins with zstd's magic number is read through it. */
static int detect_zstd(struct reader *reader)
{
	u32 magic = 0;
	int err = 0;

	/* A pipe may give less at a time. */
	while (!err && !reader->eof && reader->size < sizeof(magic))
		err = read_plain(reader);
	if (err || reader->size < sizeof(magic))
		return err;
	memcpy(&magic, reader->bytes, sizeof(magic));
	/* Or one of the frames that zstd skips, as pzstd writes them. */
	if (magic != ZSTD_MAGICNUMBER && magic >> 4 != SKIPPABLE_MAGIC >> 4)
		return 0;
	reader->zstd = ZSTD_createDCtx();
	reader->packed = malloc(PIECE);
	if (!reader->zstd || !reader->packed)
		return set_error(-ENOMEM, "%s: no memory to read it",
				 reader->path);
	memcpy(reader->packed, reader->bytes, reader->size);
	reader->packed_size = reader->size;
	reader->zstd_hint = 1;
	reader->size = 0;
	reader->eof = false;
	return 0;
}

static int reader_open(struct reader *reader, const char *path)
{
	struct stat st;

	reader->path = path;
	reader->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0 || fstat(reader->fd, &st))
		return set_error(-errno, "%s: cannot open: %s%s", path,
				 strerror(errno),
				 errno == EACCES || errno == EPERM
					 ? " (root may read it)"
					 : "");
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return set_error(-EINVAL,
				 "%s: is a device, not a file of page words",
				 path);
	if (S_ISDIR(st.st_mode))
		return set_error(-EISDIR,
				 "%s: is a directory, not a file of page words",
				 path);
	return detect_zstd(reader);
}

static void reader_close(struct reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	ZSTD_freeDCtx(reader->zstd);
	free(reader->packed);
	free(reader->bytes);
}

static int check_size(const struct reader *reader, unsigned long max_nr)
{
	if (reader->size / WORD > max_nr)
		return set_error(
			-E2BIG,
			"%s: frame %lu: the reserve limit holds %lu frames (raise it: --reserve-limit)",
			reader->path, max_nr, max_nr);
	if (!reader->eof)
		return 0;
	if (!reader->size)
		return set_error(-EINVAL, "%s: frame 0: the file is empty",
				 reader->path);
	if (reader->size % WORD)
		return set_error(
			-EINVAL,
			"%s: frame %lu: %zu bytes are no whole number of 8-byte words",
			reader->path, next_frame(reader), reader->size);
	return 0;
}

/* Words twice and struct pages, which will all be touched. */
static int check_memory(const char *path, unsigned long nr)
{
	unsigned long long need = nr * (4ULL * WORD + sizeof(struct page));
	unsigned long long have = (unsigned long long)sysconf(_SC_PHYS_PAGES) *
				  (unsigned long long)sysconf(_SC_PAGESIZE);
	char a[SIZE_TEXT_LEN], b[SIZE_TEXT_LEN];

	if (need <= have)
		return 0;
	return set_error(
		-ENOMEM,
		"%s: frame %lu: %lu frames take %s of memory, this host has %s",
		path, nr, nr, size_text(a, need), size_text(b, have));
}

/* A plain file says beforehand how large it is, be it ever so sparse. */
static int check_announced_size(const struct reader *reader,
				unsigned long max_nr, unsigned long *announced)
{
	struct stat st;

	*announced = 0;
	if (reader->zstd || fstat(reader->fd, &st) || !S_ISREG(st.st_mode) ||
	    !st.st_size)
		return 0;
	*announced = (unsigned long)st.st_size / WORD;
	if (*announced > max_nr)
		return set_error(
			-E2BIG,
			"%s: frame %lu: the file has %lu frames, the reserve limit holds %lu (raise it: --reserve-limit)",
			reader->path, max_nr, *announced, max_nr);
	return check_memory(reader->path, *announced);
}

static int check_lengths(const struct reader *flags, const struct reader *count)
{
	unsigned long nr_flags = next_frame(flags);
	unsigned long nr_count = next_frame(count);

	if (nr_flags == nr_count)
		return 0;
	return set_error(
		-EINVAL,
		"%s: frame %lu: it has %lu words and %s has %lu, but each frame has one in both",
		count->path, nr_flags < nr_count ? nr_flags : nr_count,
		nr_count, flags->path, nr_flags);
}

static int read_all(struct reader readers[], int nr_readers,
		    unsigned long max_nr, kpage_progress_t progress, void *data)
{
	unsigned long all;
	int err, at_end;

	for (int i = 0; i < nr_readers; i++) {
		err = check_announced_size(&readers[i], max_nr, &all);
		if (err)
			return err;
	}
	do {
		at_end = 0;
		for (int i = 0; i < nr_readers; i++) {
			err = readers[i].eof ? 0 : read_some(&readers[i]);
			if (!err)
				err = check_size(&readers[i], max_nr);
			if (err)
				return err;
			at_end += readers[i].eof;
		}
		if (progress)
			progress(next_frame(&readers[0]), all, data);
	} while (at_end < nr_readers);
	return nr_readers == 2 ? check_lengths(&readers[0], &readers[1]) : 0;
}

int kpage_words_read(struct kpage_words *words, const char *flags_path,
		     const char *count_path, unsigned long max_nr,
		     kpage_progress_t progress, void *data)
{
	struct reader readers[2] = { { .fd = -1 }, { .fd = -1 } };
	int nr_readers = count_path ? 2 : 1;
	int err;

	memset(words, 0, sizeof(*words));
	err = reader_open(&readers[0], flags_path);
	if (!err && count_path)
		err = reader_open(&readers[1], count_path);
	if (!err)
		err = read_all(readers, nr_readers, max_nr, progress, data);
	if (!err) {
		words->nr = next_frame(&readers[0]);
		words->flags = (u64 *)readers[0].bytes;
		words->count = (u64 *)readers[1].bytes;
		readers[0].bytes = NULL;
		readers[1].bytes = NULL;
	}
	reader_close(&readers[0]);
	reader_close(&readers[1]);
	return err;
}

void kpage_words_free(struct kpage_words *words)
{
	free(words->flags);
	free(words->count);
	memset(words, 0, sizeof(*words));
}

static int write_all(int fd, const char *bytes, size_t left)
{
	while (left) {
		ssize_t put = write(fd, bytes, left);

		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0) {
			bytes += put;
			left -= (size_t)put;
		}
	}
	return 0;
}

int kpage_words_write(const char *path, const u64 *words, unsigned long nr)
{
	char part[4096];
	int fd, err;

	/* Under another name until it is whole: path may be what was read. */
	if ((size_t)snprintf(part, sizeof(part), "%s.part", path) >=
	    sizeof(part))
		return set_error(-ENAMETOOLONG, "%s: the name is too long",
				 path);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return set_error(-errno, "%s: cannot create: %s", part,
				 strerror(errno));
	err = write_all(fd, (const char *)words, nr * WORD);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(part, path))
		err = -errno;
	if (err) {
		unlink(part);
		return set_error(err, "%s: cannot write: %s", path,
				 strerror(-err));
	}
	return 0;
}
