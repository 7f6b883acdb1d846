// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "refusal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "decode_text.h"

void expect_refusal(const char *yaml, const char *sentence)
{
	struct err err = { .code = 0 };
	struct model *model = NULL;

	cr_expect_eq(decode_text(yaml, &model, &err), -EINVAL, "%s", yaml);
	cr_expect_str_eq(err.text, sentence);
	cr_assert_null(model);
}

void expect_refusals(const char *yaml, const char *beginning, const struct refusal *refusals,
		     size_t count)
{
	char text[512], sentence[512];

	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), yaml, refusals[i].yaml);
		snprintf(sentence, sizeof(sentence), "%s%s", beginning, refusals[i].sentence);
		expect_refusal(text, sentence);
	}
}
