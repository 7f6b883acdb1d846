// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capture.h"

#include <criterion/criterion.h>
#include <stdlib.h>

void capture_open(struct capture *capture)
{
	*capture = (struct capture){ .output = { .width = 60 } };
	capture->output.stream = open_memstream(&capture->text, &capture->length);
	cr_assert_not_null(capture->output.stream);
}

const char *capture_text(struct capture *capture)
{
	cr_assert_eq(fflush(capture->output.stream), 0);
	return capture->text;
}

void capture_close(struct capture *capture)
{
	fclose(capture->output.stream);
	free(capture->text);
}
