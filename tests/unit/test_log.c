// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* base/log.c: what is written, how, and what is left out. */
#include "base/log.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What `write` logs, in a static buffer. */
static const char *logged(void (*write)(void))
{
	static char text[4096];
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t length;

	cr_assert(file && saved >= 0);
	dup2(fileno(file), STDERR_FILENO);
	write();
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

static void one_of_each(void)
{
	log_error("maps", "%s is full", "targets");
	log_warning("health", "late");
	log_info("control", "group '%s': %s -> %s", "web", "nat", "ipip");
	log_debug("route", "nothing");
}

static void one_ends_its_line(void)
{
	log_error("libbpf", "with its own end\n");
	log_error("libbpf", "%s", "");
}

Test(log, info_is_the_least_that_is_written)
{
	cr_expect_str_eq(logged(one_of_each), "error maps: targets is full\n"
					      "warning health: late\n"
					      "info control: group 'web': nat -> ipip\n");
}

Test(log, the_level_decides_what_is_left_out)
{
	log_set_level(LOG_LEVEL_ERROR);
	cr_expect_str_eq(logged(one_of_each), "error maps: targets is full\n");
	log_set_level(LOG_LEVEL_DEBUG);
	cr_expect(strstr(logged(one_of_each), "\ndebug route: nothing\n"));
}

Test(log, each_event_is_one_line)
{
	cr_expect_str_eq(logged(one_ends_its_line), "error libbpf: with its own end\n"
						    "error libbpf: \n");
}

Test(log, level_names)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	enum log_level level = LOG_LEVEL_DEBUG;

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		cr_expect(log_level_parse(names[i], &level));
		cr_expect_eq(level, i);
	}
	level = LOG_LEVEL_WARNING;
	cr_expect_not(log_level_parse("warn", &level));
	cr_expect_not(log_level_parse("", &level));
	cr_expect_eq(level, LOG_LEVEL_WARNING);
}
