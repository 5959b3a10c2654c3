// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * The process that watches another run rounds. What a round can come to is
 * told by the child itself, but for three things: that it died, that all its
 * threads sleep, that it runs without end.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <pagesim/atomic.h>
#include <pagesim/scenario.h>

#include "error.h"
#include "run.h"

#define POLL_MS 50
#define POLLS_ASLEEP 20 /* of one round, all threads: a deadlock */

struct child {
	pid_t pid;
	int end; /* of a pipe that closes when the child is gone */
	FILE *log; /* its standard error */
	struct run *run;
	unsigned int asleep, stuck; /* polls in one round */
	unsigned long executions; /* at the last poll */
	bool hangs; /* so there is no use in waiting for it */
};

static unsigned long scale(void)
{
	const char *text = getenv("PAGESIM_SCALE");
	unsigned long value = text ? strtoul(text, NULL, 10) : 1;

	return value ? value : 1;
}

void pagesim_run_options_init(struct pagesim_run_options *options)
{
	memset(options, 0, sizeof(*options));
	options->max_time = 10 * (double)scale();
	options->max_round = 20 * (double)scale();
	options->seed = 1;
}

bool pagesim_result_ok(const struct pagesim_result *result)
{
	return result->skipped || result->verdict == result->expected;
}

/* ---- the child ---- */

static void be_the_child(struct child *child, int pipe_end,
			 const struct pagesim_scenario *scenario,
			 const struct pagesim_variant *variant,
			 const struct pagesim_run_options *options)
{
	close(child->end);
	if (child->log)
		dup2(fileno(child->log), STDERR_FILENO);
	current_run = child->run;
	run_in_child(scenario, variant, options);
	(void)pipe_end; /* closed by the end of the process */
	run_exit();
}

static int start_child(struct child *child,
		       const struct pagesim_scenario *scenario,
		       const struct pagesim_variant *variant,
		       const struct pagesim_run_options *options)
{
	int ends[2];

	if (pipe(ends))
		return set_error(-errno, "no pipe: %s", strerror(errno));
	child->end = ends[0];
	fflush(NULL);
	child->pid = fork();
	if (child->pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return set_error(-errno, "no process: %s", strerror(errno));
	}
	if (!child->pid)
		be_the_child(child, ends[1], scenario, variant, options);
	close(ends[1]);
	return 0;
}

/* ---- watching ---- */

/* The letter after the name, which is in parentheses and may hold any. */
static bool task_sleeps(const char *pid_text, const char *tid)
{
	char path[300], line[256], *state;
	FILE *file;
	bool sleeps;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/stat", pid_text, tid);
	file = fopen(path, "r");
	if (!file)
		return true; /* it is gone */
	state = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	sleeps = state && state[1] && state[2] == 'S';
	fclose(file);
	return sleeps;
}

static bool all_sleep(const struct child *child)
{
	char pid_text[16], path[64];
	struct dirent *entry;
	bool sleep = true;
	DIR *tasks;

	snprintf(pid_text, sizeof(pid_text), "%d", (int)child->pid);
	snprintf(path, sizeof(path), "/proc/%s/task", pid_text);
	tasks = opendir(path);
	if (!tasks)
		return false;
	while (sleep && (entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			sleep = task_sleeps(pid_text, entry->d_name);
	closedir(tasks);
	return sleep;
}

/* Of real threads; an exploration knows by itself. */
static void look(struct child *child, double max_round)
{
	unsigned long executions =
		__atomic_load_n(&child->run->executions, __ATOMIC_RELAXED);

	if (executions != child->executions) {
		child->executions = executions;
		child->asleep = child->stuck = 0;
		return;
	}
	child->stuck++;
	child->asleep = all_sleep(child) ? child->asleep + 1 : 0;
	if (child->asleep >= POLLS_ASLEEP)
		child->hangs =
			run_found(PAGESIM_DEADLOCK,
				  "all threads sleep, in round %lu, for %d ms",
				  executions, POLLS_ASLEEP * POLL_MS);
	else if (child->stuck * POLL_MS >= max_round * 1e3)
		child->hangs = run_found(PAGESIM_LIVELOCK,
					 "round %lu has not ended after %g s",
					 executions, max_round);
}

/* Until the child is gone, or has to go. Returns its wait status. */
static int watch(struct child *child, const struct pagesim_run_options *options)
{
	struct pollfd end = { .fd = child->end, .events = POLLIN };
	unsigned int state = RUN_GOES_ON;
	int status = 0;

	while (poll(&end, 1, POLL_MS) <= 0 && state == RUN_GOES_ON) {
		if (options->mode == PAGESIM_MODE_STRESS)
			look(child, options->max_round);
		if (options->progress)
			options->progress(child->executions,
					  options->progress_data);
		state = smp_load_acquire(&child->run->state);
	}
	/* A tool's finding may be followed by its report: a moment for it. */
	if (child->hangs || poll(&end, 1, POLLS_ASLEEP * POLL_MS) <= 0)
		kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(child->end);
	return status;
}

static void died(int status)
{
	if (WIFSIGNALED(status))
		run_found(PAGESIM_BUG_ON, "the process died: %s",
			  strsignal(WTERMSIG(status)));
	else
		run_found(PAGESIM_BUG_ON, "the process ended with status %d",
			  WEXITSTATUS(status));
}

/* ---- all of it ---- */

static void print_log(FILE *log)
{
	char buffer[4096];
	size_t n;

	rewind(log);
	while ((n = fread(buffer, 1, sizeof(buffer), log)) > 0)
		fwrite(buffer, 1, n, stderr);
}

static int take_result(const struct run *run, struct pagesim_result *result)
{
	bool found = run->state == RUN_FOUND;

	if (run->state == RUN_CANNOT)
		return set_error(-EINVAL, "%s", run->report);
	result->executions = run->executions + found; /* the one it was in */
	result->blocked = run->blocked;
	result->has_trace = run->has_trace;
	result->verdict = found ? run->verdict : PAGESIM_CLEAN;
	if (!found && (run->incomplete || !run->executions))
		result->verdict = PAGESIM_INCOMPLETE;
	memcpy(result->report, run->report, sizeof(result->report));
	return 0;
}

/* The host's clock, also where the simulated one is the explorer's. */
static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static unsigned long default_execs(const struct pagesim_variant *variant)
{
	if (variant->expected != PAGESIM_CLEAN)
		return 0;
	return scale() < 1000 ? 1000 / scale() : 1;
}

static int run_child(const struct pagesim_scenario *scenario,
		     const struct pagesim_variant *variant,
		     const struct pagesim_run_options *given, struct run *run,
		     struct pagesim_result *result)
{
	struct pagesim_run_options options = *given;
	struct child child = { .run = run, .log = tmpfile() };
	double start = now();
	int err, status;

	if (!options.max_execs && options.mode == PAGESIM_MODE_STRESS)
		options.max_execs = default_execs(variant);
	current_run = run;
	err = start_child(&child, scenario, variant, &options);
	if (!err) {
		status = watch(&child, &options);
		if (__atomic_load_n(&run->state, __ATOMIC_ACQUIRE) ==
		    RUN_GOES_ON)
			died(status);
		err = take_result(run, result);
	}
	result->seconds = now() - start;
	if (child.log && (err || options.verbose || !pagesim_result_ok(result)))
		print_log(child.log);
	if (child.log)
		fclose(child.log);
	current_run = NULL;
	return err;
}

static bool cannot_be_seen(const struct pagesim_variant *variant,
			   const struct pagesim_run_options *options)
{
	if (variant->needs > pagesim_built_debug())
		return true;
	if (options->mode != PAGESIM_MODE_STRESS)
		return false;
	return (variant->seen_by && !(variant->seen_by & run_tools())) ||
	       variant->from == PAGESIM_WEAK;
}

static enum pagesim_verdict
expected_of(const struct pagesim_variant *variant,
	    const struct pagesim_run_options *options)
{
	if (options->mode != PAGESIM_MODE_STRESS &&
	    options->model < variant->from)
		return PAGESIM_CLEAN;
	return variant->expected;
}

bool pagesim_has_mode(enum pagesim_mode mode)
{
	return run_modes >> mode & 1;
}

int pagesim_run(const struct pagesim_scenario *scenario,
		const struct pagesim_variant *variant,
		const struct pagesim_run_options *options,
		struct pagesim_result *result)
{
	struct run *run;
	int err;

	memset(result, 0, sizeof(*result));
	result->expected = expected_of(variant, options);
	if (!pagesim_has_mode(options->mode))
		return set_error(-ENOSYS, "this program has no mode \"%s\"",
				 pagesim_mode_name(options->mode));
	if (cannot_be_seen(variant, options)) {
		result->skipped = true;
		result->verdict = PAGESIM_INCOMPLETE;
		return 0;
	}
	run = mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run == MAP_FAILED)
		return set_error(-errno, "no memory to share: %s",
				 strerror(errno));
	err = run_child(scenario, variant, options, run, result);
	munmap(run, sizeof(*run));
	return err;
}
