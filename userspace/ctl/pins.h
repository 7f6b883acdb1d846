/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Removes what a daemon pinned, for when there is no daemon to do it. */
#pragma once

struct err;

#define PINS_DIR_DEFAULT "/sys/fs/bpf/sluice"

/*
 * Unlinks every file below dir, and dir itself; *count is how many files there were. The kernel
 * takes the program off an interface when its pinned link goes. Refuses what is not on a bpffs, and
 * the root of one, which holds the pins of others. -ENOENT, without a sentence: there is no dir.
 */
int pins_remove(const char *dir, unsigned *count, struct err *err);
