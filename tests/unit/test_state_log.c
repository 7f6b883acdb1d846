// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/state_log.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "build_model.h"
#include "model/model.h"

static void expect_log(const char *before_text, const char *after_text, const char *expected)
{
	_cleanup_(model_free) struct model *before = build_model(before_text);
	_cleanup_(model_free) struct model *after = build_model(after_text);

	cr_redirect_stderr();
	state_log(before, after);
	fprintf(stderr, "end\n");
	fflush(stderr);
	cr_expect_stderr_eq_str(expected);
}

Test(state_log, draining_has_a_line_when_it_begins_and_when_it_ends)
{
	expect_log("group web; target web 10.0.0.1:80 healthy; target web 10.0.0.2:80 draining until=5;"
		   "target web 10.0.0.3:80 unused until=5; target web [fd00::4]:80 draining until=5;"
		   "target web 10.0.0.5:80 unhealthy; target web 10.0.0.6:80 unhealthy.draining;"
		   "target web 10.0.0.7:80 draining until=5",
		   "group web; target web 10.0.0.1:80 draining until=9; target web 10.0.0.2:80 unused "
		   "until=5; target web [fd00::4]:80 initial; target web 10.0.0.5:80 unhealthy.draining;"
		   "target web 10.0.0.6:80 unhealthy; target web 10.0.0.7:80 draining until=5",
		   "info control: target 'web 10.0.0.1:80': healthy -> draining\n"
		   "info control: target 'web 10.0.0.2:80': draining -> unused\n"
		   "info control: target 'web 10.0.0.3:80': unused -> gone\n"
		   "info control: target 'web 10.0.0.5:80': unhealthy -> unhealthy.draining\n"
		   "info control: target 'web 10.0.0.6:80': unhealthy.draining -> unhealthy\n"
		   "info control: target 'web [fd00::4]:80': draining -> initial\nend\n");
}

Test(state_log, so_has_a_group_that_goes)
{
	expect_log("group web removed; target web 10.0.0.1:80 draining until=5", "group other",
		   "info control: target 'web 10.0.0.1:80': draining -> gone\nend\n");
}

Test(state_log, all_else_is_logged_elsewhere)
{
	expect_log("group web; target web 10.0.0.1:80 healthy; target web 10.0.0.2:80 initial;"
		   "target web 10.0.0.3:80 healthy; target web 10.0.0.4:80 unused",
		   "group web; target web 10.0.0.1:80 unhealthy; target web 10.0.0.2:80 healthy;"
		   "target web 10.0.0.4:80 initial; target web 10.0.0.5:80 draining until=5;"
		   "group new; target new 10.0.0.1:80 draining until=5",
		   "end\n");
}

Test(state_log, names_the_reason)
{
	_cleanup_(model_free) struct model *before =
		build_model("group web; target web 10.0.0.1:80 draining until=5");
	_cleanup_(model_free) struct model *after = model_clone(before);

	cr_assert_eq(model_expire(before, 1), 0);
	after->groups[0].targets[0].remembered = true;
	cr_assert_eq(model_expire(after, 9), 1);
	cr_redirect_stderr();
	state_log(before, after);
	fflush(stderr);
	cr_expect_stderr_eq_str("info control: target 'web 10.0.0.1:80': draining -> unused "
				"(Target.NotRegistered)\n");
}

Test(state_log, of_a_large_change_has_an_end)
{
	char before[1024] = "group web;", expected[2048] = "", line[128];

	for (int i = 10; i < 32; i++) {
		snprintf(line, sizeof(line), "target web 10.0.0.%d:80 until=5;", i);
		strcat(before, line);
		snprintf(line, sizeof(line),
			 "info control: target 'web 10.0.0.%d:80': initial -> gone\n", i);
		strcat(expected, i < 30 ? line : "");
	}
	strcat(expected, "info control: ... and 2 more\nend\n");
	expect_log(before, "group web", expected);
}
