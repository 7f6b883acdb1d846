// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ctl/pins.c: nothing is removed that may not be sluiced's. (e2e tests remove real pins.) */
#include "ctl/pins.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

Test(pins, a_directory_that_is_not_on_a_bpffs_is_left_alone)
{
	char dir[] = "/tmp/sluice-pins-XXXXXX", file[64], sentence[256];
	unsigned count = 7;
	struct err err;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/precious", dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	snprintf(sentence, sizeof(sentence),
		 "%s is not on a bpf file system: nothing there was pinned by sluiced", dir);
	cr_expect_eq(pins_remove(dir, &count, &err), -EINVAL);
	cr_expect_str_eq(err.text, sentence);
	cr_expect_eq(count, 7);
	cr_expect_eq(access(file, F_OK), 0);
	unlink(file);
	rmdir(dir);
}

Test(pins, no_directory_is_no_error_of_the_user)
{
	struct err err = { 0 };
	unsigned count = 7;

	cr_expect_eq(pins_remove("/nonexistent/sluice", &count, &err), -ENOENT);
	cr_expect_eq(count, 7);
	cr_expect_eq(err.code, 0);
}

Test(pins, a_file_is_not_a_directory)
{
	unsigned count;
	struct err err;

	cr_expect_eq(pins_remove("/proc/self/status", &count, &err), -ENOTDIR);
	cr_expect_str_eq(err.text, "cannot open /proc/self/status: Not a directory");
}
