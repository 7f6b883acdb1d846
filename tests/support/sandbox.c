// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sandbox.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

/* The mount is private to the process: nothing of it is left when it ends. */
const char *sandbox_enter(void)
{
	static const char place[] = "/mnt";

	if (geteuid())
		cr_skip_test("needs root: network namespaces and BPF");
	cr_assert_eq(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
	/* In a chroot / is no mount point; whoever made that has seen to its mounts. */
	cr_assert(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || errno == EINVAL);
	cr_assert_eq(mount("bpf", place, "bpf", 0, NULL), 0);
	sandbox_run("ip link set lo up");
	return place;
}

void sandbox_run(const char *command)
{
	cr_assert_eq(system(command), 0, "%s", command);
}
