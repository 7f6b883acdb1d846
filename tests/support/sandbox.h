/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A network namespace and a bpffs for one test; they go with its process. */
#pragma once

/*
 * Enters both, skipping the test if it is not run by root. Returns the directory where the bpffs
 * is mounted; static.
 */
const char *sandbox_enter(void);

/* Runs a shell command; fails the test if it does. */
void sandbox_run(const char *command);
