/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A user's text as a sentence may quote it. */
#pragma once

enum { SHOWN_SIZE = 68 };	/* more than any address, endpoint or name needs */

/*
 * At most 64 characters, with "..." for the rest, and `?` for each that is not printable ASCII: a
 * sentence stays one line, fits into struct err and can not play tricks on a terminal. Valid
 * addresses, numbers and names come out as they are. Returns shown.
 */
const char *show_text(const char *text, char shown[SHOWN_SIZE]);
