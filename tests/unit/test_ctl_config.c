// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ctl/cmd_config.c: a file that can not be a configuration never reaches the daemon. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "capture.h"
#include "ctl/args.h"
#include "ctl/cmd.h"

static char path[] = "/tmp/sluice-config-XXXXXX";
static int fd;

static void make_file(void)
{
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
}

static void remove_file(void)
{
	close(fd);
	unlink(path);
}

TestSuite(config, .init = make_file, .fini = remove_file);

/* Applies a file with no daemon there: a file that is good fails with -ENOENT. */
static int apply(const char *file, struct err *err)
{
	char *words[] = { (char *)"sluicectl", (char *)"--socket=/nonexistent/s", (char *)"apply",
			  (char *)"-f", (char *)file };
	struct invocation invocation = { 0 };
	int r;

	r = args_parse(5, words, &invocation, err);
	cr_assert_eq(r, 0, "%s", err->text);
	r = invocation.command->run(&invocation, err);
	args_clean(&invocation);
	return r;
}

static void refuses(const char *file, int code, const char *format)
{
	char sentence[256];
	struct err err;

	cr_expect_eq(apply(file, &err), -code, "%s", err.text);
	snprintf(sentence, sizeof(sentence), format, file);
	cr_expect_str_eq(err.text, sentence);
}

Test(config, a_file_that_is_not_there_is_named)
{
	refuses("/nonexistent.yaml", ENOENT, "cannot open %s: No such file or directory");
}

Test(config, a_directory_is_named)
{
	refuses("/tmp", EISDIR, "cannot read %s: Is a directory");
}

Test(config, an_empty_file_is_not_taken_for_the_wish_to_remove_everything)
{
	static const char sentence[] =
		"%s is empty: to remove everything, apply 'listeners: []'";

	refuses(path, ENODATA, sentence);
	cr_assert_eq(write(fd, " \n\t\r\n", 5), 5);
	refuses(path, ENODATA, sentence);
}

Test(config, a_file_may_have_16_mib_and_not_one_byte_more)
{
	struct err err;

	cr_assert_eq(pwrite(fd, "x", 1, 0), 1);
	cr_assert_eq(ftruncate(fd, 16 << 20), 0);
	cr_expect_eq(apply(path, &err), -ENOENT, "%s", err.text);
	cr_assert_eq(ftruncate(fd, (16 << 20) + 1), 0);
	refuses(path, EFBIG, "%s is too large: a configuration has at most 16 MiB");
}

Test(config, metrics_are_not_json)
{
	struct invocation invocation = { .output = { .json = true } };
	struct err err;

	cr_expect_eq(cmd_metrics(&invocation, &err), -EINVAL);
	cr_expect_str_eq(err.text,
			 "metrics are in the text format of Prometheus: leave out --output json");
}
