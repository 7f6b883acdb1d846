// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A daemon that is killed while it pins, replaces or detaches, at each of its steps in turn, leaves
 * something that the next one understands. The steps are calls of functions that this file puts in
 * front of those of the C library and libbpf.
 */
#include "dataplane/pin_dir.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/err.h"
#include "ctl/pins.h"
#include "pinned.h"

#define MODEL                                                                                  \
	"listeners:\n"                                                                         \
	"  - { name: web, address: 192.0.2.1, protocol: tcp, port: 80, group: web }\n"         \
	"groups:\n"                                                                            \
	"  - { name: web, targets: [{ address: 10.0.0.1, port: 80 }] }\n"

enum { NEVER = -1, STEPS_MAX = 200 };

TestSuite(cut_off, .init = pinned_set_up);

/*
 * ---- steps ------------------------------------------------------------------------------------
 */

static int steps_left = NEVER;

static void step(void)
{
	if (steps_left != NEVER && !steps_left--)
		raise(SIGKILL);
}

/* The function that this one stands in front of. */
#define NEXT(function) ((__typeof__(&(function)))dlsym(RTLD_NEXT, #function))

int rename(const char *from, const char *to)
{
	step();
	return NEXT(rename)(from, to);
}

int unlink(const char *path)
{
	step();
	return NEXT(unlink)(path);
}

int unlinkat(int dir, const char *path, int flags)
{
	step();
	return NEXT(unlinkat)(dir, path, flags);
}

int mkdir(const char *path, mode_t mode)
{
	step();
	return NEXT(mkdir)(path, mode);
}

int rmdir(const char *path)
{
	step();
	return NEXT(rmdir)(path);
}

int bpf_obj_pin(int fd, const char *path)
{
	step();
	return NEXT(bpf_obj_pin)(fd, path);
}

int bpf_link_create(int program, int target, enum bpf_attach_type type,
		    const struct bpf_link_create_opts *options)
{
	step();
	return NEXT(bpf_link_create)(program, target, type, options);
}

int bpf_link_update(int link, int program, const struct bpf_link_update_opts *options)
{
	step();
	return NEXT(bpf_link_update)(link, program, options);
}

int bpf_link_detach(int link)
{
	step();
	return NEXT(bpf_link_detach)(link);
}

/* Does it in a process of its own, which is killed after so many steps; false: it had fewer. */
static bool is_cut_off(int steps, void (*act)(void *context), void *context)
{
	pid_t child = fork();
	int status;

	cr_assert_geq(child, 0);
	if (!child) {
		steps_left = steps;
		act(context);
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : !WEXITSTATUS(status));
	return WIFSIGNALED(status);
}

/*
 * ---- starts and ends --------------------------------------------------------------------------
 */

static void start(void *context)
{
	struct dataplane *dp = context;
	struct err err;

	if (dataplane_attach(dp, &err))
		_exit(1);
}

static void end(void *context)
{
	struct dataplane *dp = context;
	struct err err;

	if (dataplane_detach(dp, &err))
		_exit(1);
}

static void end_without_a_daemon(void *context)
{
	unsigned count;
	struct err err;

	(void)context;
	if (pins_remove(pin_dir, &count, &err))
		_exit(1);
}

static void expect_a_start(void)
{
	const struct dataplane_options options = pinned_options(2);

	run_daemon(&options, MODEL);
	cr_expect_neq(program_on("eth0"), 0);
	cr_expect_eq(program_on("eth0"), program_on("eth1"));
}

/* With maps that are younger than the links, which a directory that is read shows first. */
static void expect_two_starts(void)
{
	struct dataplane_options options = pinned_options(2);

	expect_a_start();
	options.replace = true;
	run_daemon(&options, MODEL);
}

Test(cut_off, after_a_first_start)
{
	struct err err;
	bool more = true;
	int steps = 0;

	for (; more && steps < STEPS_MAX; steps += 3) {
		struct dataplane *dp = open_or_fail(2);

		apply_yaml(dp, MODEL);
		more = is_cut_off(steps, start, dp);
		dataplane_close(&dp);
		expect_a_start();
		cr_assert_eq(pin_dir_remove(pin_dir, &err), 0, "%s", err.text);
	}
	cr_expect(!more && steps > MAP_COUNT, "%d", steps);
}

Test(cut_off, after_a_detach)
{
	bool more = true;
	int steps = 0;

	for (; more && steps < STEPS_MAX; steps += 3) {
		struct dataplane *dp;

		expect_two_starts();
		dp = open_or_fail(2);
		more = is_cut_off(steps, end, dp);
		dataplane_close(&dp);
		expect_a_start();
	}
	cr_expect(!more && steps > MAP_COUNT, "%d", steps);
}

Test(cut_off, after_a_detach_without_a_daemon)
{
	bool more = true;
	int steps = 0;

	for (; more && steps < STEPS_MAX; steps += 3) {
		expect_two_starts();
		more = is_cut_off(steps, end_without_a_daemon, NULL);
	}
	expect_a_start();
	cr_expect(!more && steps > MAP_COUNT, "%d", steps);
}

/*
 * ---- replacements -----------------------------------------------------------------------------
 */

/* The pins of the daemon before, to be put back. */
struct before {
	uint32_t version, program;
	int maps[MAP_COUNT], program_fd;
	uint32_t ids[MAP_COUNT];
};

static uint32_t id_of(int map)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	cr_assert_eq(bpf_obj_get_info_by_fd(map, &info, &size), 0);
	return info.id;
}

static void remember(struct before *before)
{
	before->version = pinned_version();
	before->program = program_on("eth0");
	before->program_fd = bpf_prog_get_fd_by_id(before->program);
	for (int map = 0; map < MAP_COUNT; map++) {
		before->maps[map] = pinned_map(map_name(map));
		before->ids[map] = id_of(before->maps[map]);
	}
}

static void put_back(const struct before *before)
{
	char command[256], path[128];

	snprintf(command, sizeof(command), "find %s -type f ! -name 'link-*' -delete", pin_dir);
	cr_assert_eq(system(command), 0);
	for (int map = 0; map < MAP_COUNT; map++) {
		snprintf(path, sizeof(path), "%s/%s", pin_dir, map_name(map));
		cr_assert_eq(bpf_obj_pin(before->maps[map], path), 0);
	}
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "link-%s", interfaces[i]);
		int link = pinned_map(path);

		cr_assert_eq(bpf_link_update(link, before->program_fd, NULL), 0);
		close(link);
	}
}

static unsigned count_old_maps(const struct before *before)
{
	unsigned count = 0;

	for (int map = 0; map < MAP_COUNT; map++) {
		int fd = pinned_map(map_name(map));

		count += id_of(fd) == before->ids[map];
		close(fd);
	}
	return count;
}

/* A daemon of a version that knows nothing of replacements goes by config alone. */
static void expect_no_new_map_under_an_old_version(const struct before *before)
{
	int fd = pinned_map("config");

	if (id_of(fd) == before->ids[MAP_CONFIG])
		cr_expect_eq(count_old_maps(before), MAP_COUNT);
	close(fd);
}

static void expect_one_set(const struct before *before, int steps)
{
	unsigned old = count_old_maps(before);

	cr_expect_eq(count_pins(), MAP_COUNT + 2, "after %d steps", steps);
	cr_expect(old == 0 || old == MAP_COUNT, "after %d steps: %u old maps", steps, old);
	cr_expect_eq(pinned_version(), old ? before->version : ABI_VERSION);
	for (int i = 0; i < 2 && old; i++)
		cr_expect_eq(program_on(interfaces[i]), before->program, "after %d steps", steps);
}

/* What the next daemon does first. */
static void settle(void *context)
{
	struct pin_dir pins = { .lock = -1 };
	struct err err;

	(void)context;
	if (pin_dir_open(&pins, pin_dir, &err)) {
		fprintf(stderr, "%s\n", err.text);
		_exit(1);
	}
	pin_dir_close(&pins);
}

/* The lock belongs to what was opened, in whichever process; the one that is killed takes it along. */
static void unlock_all(void)
{
	for (int fd = 3; fd < 1024; fd++)
		flock(fd, LOCK_UN);
}

/* Here the next daemon, too, is killed, and the one after it goes on. */
static void cut_off_everywhere(void)
{
	struct dataplane_options replace = pinned_options(2);
	struct dataplane *dp;
	struct before before;
	bool more = true;
	int steps = 0;

	replace.replace = true;
	remember(&before);
	dp = open_data_plane(&replace);
	apply_yaml(dp, MODEL);
	unlock_all();
	for (; more && steps < STEPS_MAX; steps++) {
		more = is_cut_off(steps, start, dp);
		cr_expect_neq(program_on("eth0"), 0);
		cr_expect_neq(program_on("eth1"), 0);
		expect_no_new_map_under_an_old_version(&before);
		is_cut_off(steps % (MAP_COUNT + 1), settle, NULL);
		expect_no_new_map_under_an_old_version(&before);
		cr_assert_not(is_cut_off(NEVER, settle, NULL));
		expect_one_set(&before, steps);
		put_back(&before);
	}
	cr_expect(!more && steps > 2 * MAP_COUNT, "%d", steps);
	dataplane_close(&dp);
}

Test(cut_off, while_maps_of_the_same_version_are_replaced)
{
	expect_a_start();
	cut_off_everywhere();
	expect_a_start();
}

Test(cut_off, while_maps_of_another_version_are_replaced)
{
	expect_a_start();
	set_pinned_version(ABI_VERSION + 1);
	cut_off_everywhere();
}
