/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Errors that a user can cause or mend: one sentence that names the offending thing. */
#pragma once

struct err {
	int code;		/* errno value, positive; 0: no error */
	char text[512];		/* one sentence without a final newline */
};

/*
 * Sets the sentence and returns -code, so that `return err_set(err, EINVAL, ...)` does both. A NULL
 * err is allowed: the sentence is dropped. Control characters become `?`; a sentence that is too
 * long ends in `...`.
 */
int err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the sentence and returns -err->code; -EINVAL with a NULL err. */
int err_prefix(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
