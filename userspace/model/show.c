// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A user's text made fit to be quoted in a sentence; used by every part of the decoder. */
#include "model/show.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_utf8_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

const char *show_text(const char *text, char shown[SHOWN_SIZE])
{
	size_t used = 0;

	for (; *text && used < SHOWN_SIZE - sizeof("..."); text++) {
		if (*text >= ' ' && *text <= '~')
			shown[used++] = *text;
		else if (!is_utf8_continuation(*text))
			shown[used++] = '?';
	}
	strcpy(shown + used, *text ? "..." : "");
	return shown;
}
