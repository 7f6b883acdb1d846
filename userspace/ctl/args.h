/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words of the command line -> struct invocation, by the tables of ctl/command.h. Pure. */
#pragma once

struct err;
struct invocation;

/*
 * Options are written --name value or --name=value and may stand anywhere after their command's
 * words, global ones anywhere; -- ends them. No command is `status`. On failure the sentence names
 * the word that is wrong and those that would be right. *out begins as zeros but for its output,
 * whose json is set here. args_clean in either case.
 */
int args_parse(int argc, char *const *argv, struct invocation *out, struct err *err);
void args_clean(struct invocation *invocation);
