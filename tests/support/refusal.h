/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables of bad configuration files and the whole sentence that each must get. */
#pragma once

#include <stddef.h>

struct refusal {
	const char *yaml, *sentence;
};

void expect_refusal(const char *yaml, const char *sentence);

/* Each refusal's yaml in the place of %s, and its sentence behind the same beginning. */
void expect_refusals(const char *yaml, const char *beginning, const struct refusal *refusals,
		     size_t count);

#define LISTENER_KEYS "name, address, protocol, port, affinity, group, groups"
#define GROUP_KEYS                                                                                 \
	"name, forwarding, health_check, idle_timeout, deregistration_delay, "                     \
	"connection_termination, unhealthy_connection_termination, unhealthy_draining_interval, "  \
	"slow_start, tunnel_source, targets"
#define CHECK_KEYS    "protocol, port, interval, timeout, healthy_threshold, unhealthy_threshold"
#define NAME_RULE     " must be 1-63 of the characters a-z A-Z 0-9 . _ - and not start with . or -"
#define ADDRESS_RULE  " is not an IPv4 or IPv6 address such as 192.0.2.10 or 2001:db8::10"
#define PORT_RULE     " is not a port in 1-65535, a range such as 8000-8100 or any"
#define DURATION_RULE "a duration such as 500ms, 10s, 5m, 1h or a number of seconds"
#define N63	      "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
