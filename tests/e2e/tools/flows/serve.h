/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The server's side: answers what comes in, over TCP and UDP, IPv4 and IPv6, with its name. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct err;

/* Serves on all the ports until the process is ended; returns only on failure. */
int serve(const char *name, const uint16_t *ports, size_t count, struct err *err);
