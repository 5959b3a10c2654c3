/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/*
 * A scenario: one question about a protocol, as threads that run at the same
 * time, and what has to hold afterwards. It comes in variants, right and
 * wrong ones, each with the verdict that it must give.
 *
 *	static void setup(const struct pagesim_variant *variant);
 *	static void walker(void);
 *	static void owner(void);
 *	static void finish(void);
 *
 *	static const struct pagesim_variant variants[] = {
 *		{ .name = "6.12", .provenance = "v6.12 mm/filemap.c" },
 *		{ .name = "no-recheck", .expected = PAGESIM_ASSERTION },
 *		{ .name = NULL },
 *	};
 *
 *	const struct pagesim_scenario my_scenario = {
 *		.name = "folio/my-question",
 *		.question = "may the walker see a folio that was freed?",
 *		.variants = variants,
 *		.setup = setup,
 *		.threads = { { "walker", walker }, { "owner", owner } },
 *		.finish = finish,
 *	};
 *
 * One round is: boot, setup(), all threads, finish(), pagesim_check(),
 * pagesim_shutdown().
 * setup() and finish() run alone, on a thread that is none of the threads.
 * Whatever the threads share is static and set by setup(), since a round may
 * be repeated in one process.
 *
 * A body must come to its end in every interleaving, and wait only by what
 * the library has for it (locks, wait queues, cpu_relax() in a loop that
 * reads a marked word).
 */
#ifndef PAGESIM_SCENARIO_H
#define PAGESIM_SCENARIO_H

#include <stdbool.h>
#include <pagesim/bug.h>
#include <pagesim/delay.h>
#include <pagesim/pagesim.h>
#include <pagesim/verdict.h>

#define PAGESIM_MAX_SCENARIO_THREADS 4

/* What can tell that a variant is wrong, from a run on real threads. */
enum {
	PAGESIM_SEEN_BY_TSAN = 1 << 0,
	PAGESIM_SEEN_BY_ASAN = 1 << 1,
	PAGESIM_SEEN_BY_MEMCHECK = 1 << 2,
	PAGESIM_SEEN_BY_EXPLORER = 1 << 3,
	PAGESIM_SEEN_BY_ALL = 0, /* the library itself says so */
};

/* What an exploration takes for possible; stress knows the host only. */
enum pagesim_model {
	PAGESIM_SC, /* one order of all accesses */
	PAGESIM_TSO, /* and store buffers: x86, s390 */
	PAGESIM_WEAK, /* and what the kernel's memory model allows beyond */
	PAGESIM_NR_MODELS,
};

struct pagesim_variant {
	const char *name; /* a version, or what is wrong; NULL ends a table */
	const char *provenance; /* kernel version, commit or Message-ID */
	enum pagesim_verdict expected;
	enum pagesim_model from; /* under a model below it is clean */
	unsigned int seen_by; /* on real threads */
	/*
	 * A data race comes before what is expected, and is no answer: it is
	 * not looked for.
	 */
	bool races_besides;
	enum pagesim_debug needs; /* skipped if this tier is not built in */
	int id; /* the scenario's own */
};

struct pagesim_body {
	const char *name;
	void (*fn)(void);
};

struct pagesim_scenario {
	const char *name; /* subsystem/question */
	const char *question;
	const char *provenance;
	const struct pagesim_variant *variants;
	/* May be NULL; gets the defaults of a small machine to change. */
	void (*configure)(const struct pagesim_variant *variant,
			  struct pagesim_config *config);
	void (*setup)(const struct pagesim_variant *variant);
	struct pagesim_body threads[PAGESIM_MAX_SCENARIO_THREADS];
	void (*finish)(void); /* may be NULL */
};

/*
 * What the scenario says must hold. Context: any thread of it, setup and
 * finish. Ends the round.
 */
#define pagesim_assert(cond)                                             \
	do {                                                             \
		if (unlikely(!(cond)))                                   \
			__PAGESIM_REPORT(PAGESIM_REPORT_ASSERTION, "%s", \
					 #cond);                         \
	} while (0)

unsigned int pagesim_scenario_nr_threads(const struct pagesim_scenario *s);

/* ---- running one ---- */

enum pagesim_mode {
	PAGESIM_MODE_STRESS, /* rounds on real threads */
	PAGESIM_MODE_EXPLORE, /* every execution that the model allows */
	PAGESIM_MODE_PCT, /* some, by priorities that change now and then */
	PAGESIM_MODE_RANDOM, /* some, each step at random */
	PAGESIM_NR_MODES,
};

struct pagesim_run_options {
	enum pagesim_mode mode;
	enum pagesim_model model; /* not of stress */
	const char *trace; /* file for an execution that fails, or NULL */
	/*
	 * Rounds. 0: 1000 of a right variant, of a wrong one as many as the
	 * time gives.
	 */
	unsigned long max_execs;
	double max_time; /* seconds; 0: no limit */
	double max_round; /* seconds; one that takes longer is a livelock */
	unsigned long long seed; /* of the delays */
	bool verbose; /* reports go to standard error though expected */
	/* Called now and then, if not NULL: how many rounds there were. */
	void (*progress)(unsigned long executions, void *data);
	void *progress_data;
};

/*
 * 10 seconds, 20 for one round. PAGESIM_SCALE of the environment says how
 * much slower a tool makes it all: that many times fewer rounds of a right
 * variant, and that many times the time.
 */
void pagesim_run_options_init(struct pagesim_run_options *options);

struct pagesim_result {
	enum pagesim_verdict verdict;
	enum pagesim_verdict expected;
	bool skipped; /* this build cannot see what is wrong with the variant */
	unsigned long executions;
	unsigned long blocked; /* explored, and given up as nothing new */
	double seconds;
	char report[256]; /* what was wrong, in a line; "" if nothing */
	bool has_trace; /* the options' file was written */
};

/* Whether it is what the variant must give, or could not be seen. */
bool pagesim_result_ok(const struct pagesim_result *result);

/*
 * Runs a variant in a child process until something is reported or a limit is
 * reached. A program can do what it is linked with: pagesim::runner runs
 * rounds on real threads, pagesim::explored_runner explores.
 *
 * Of rounds: a crash is a bug-on; a round in which all threads sleep
 * for a second a deadlock; one that runs on for max_round a livelock.
 * Returns 0, or -errno with pagesim_error(), when it could not be run.
 * Context: the process has one thread, and no machine.
 */
int pagesim_run(const struct pagesim_scenario *scenario,
		const struct pagesim_variant *variant,
		const struct pagesim_run_options *options,
		struct pagesim_result *result);

/* Whether this program has the mode. */
bool pagesim_has_mode(enum pagesim_mode mode);

const char *pagesim_mode_name(enum pagesim_mode mode);
/* "host" in stress. */
const char *pagesim_model_name(enum pagesim_mode mode,
			       enum pagesim_model model);

/* ---- a command of one's own ---- */

/*
 * `list` and `check` for a table of scenarios that ends with NULL: what
 * `pagesim list` and `pagesim check` do with those of the library. Returns
 * the exit status.
 */
int pagesim_list_main(int argc, char **argv,
		      const struct pagesim_scenario *const *scenarios);
int pagesim_check_main(int argc, char **argv,
		       const struct pagesim_scenario *const *scenarios);

/* `replay FILE`: of a program that is linked to explore. */
int pagesim_replay_main(int argc, char **argv,
			const struct pagesim_scenario *const *scenarios);

#endif /* PAGESIM_SCENARIO_H */
