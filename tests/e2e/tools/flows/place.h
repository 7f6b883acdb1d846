/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where flows go to: "tcp:192.0.2.10:80" or "udp:[2001:db8::10]:53". */
#pragma once

#include <stdint.h>

#include "base/addr.h"

struct err;

struct place {
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	struct addr addr;
	uint16_t port;
};

int place_parse(const char *text, struct place *out, struct err *err);

/* "tcp" or "udp" */
const char *place_protocol(const struct place *place);
