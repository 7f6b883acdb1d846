// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sentences for people: whatever they quote, they stay one line, and show where they were cut. */
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The text may be part of the arguments, so it is written only when all is formatted. */
static void put_text(struct err *err, const char *text, size_t length)
{
	static const char mark[] = "...";
	size_t cut = sizeof(err->text) - sizeof(mark);

	snprintf(err->text, sizeof(err->text), "%s", text);
	for (char *c = err->text; *c; c++) {
		if (iscntrl((unsigned char)*c))
			*c = '?';
	}
	if (length < sizeof(err->text))
		return;
	while (cut && ((unsigned char)err->text[cut] & 0xc0) == 0x80)	/* within a character */
		cut--;
	memcpy(err->text + cut, mark, sizeof(mark));
}

int err_set(struct err *err, int code, const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list args;
	int length;

	if (!err)
		return -code;
	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	err->code = code;
	put_text(err, text, (size_t)length);
	return -code;
}

int err_prefix(struct err *err, const char *format, ...)
{
	char text[2 * sizeof(err->text)];
	size_t used;
	va_list args;

	if (!err)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(text);
	used += (size_t)snprintf(text + used, sizeof(text) - used, ": %s", err->text);
	put_text(err, text, used);
	return -err->code;
}
