/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A test host and its peer on one Ethernet, each in a network namespace of its own that ends with
 * the test. The test host has eth1 (HOST_MAC, 10.9.0.1/24, fd09::1/64), the peer eth0 (PEER_MAC,
 * .11 and .254, ::11 and ::254, fe80::254). Neighbours resolve at once or fail soon after.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define HOST_MAC "02:00:00:00:09:01"
#define PEER_MAC "02:00:00:00:09:0b"

/* Skips the test unless it is run as root. */
void two_hosts_open(void);

/* Shell commands; a failing one fails the test. */
void on_host(const char *format, ...) __attribute__((format(printf, 1, 2)));
void on_peer(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What a command on the test host prints; valid until the next call. */
const char *host_says(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* IPv4 and IPv6 probes of this device are sent every few milliseconds. */
void hurry_probes(const char *device);

/* "02:00:..." as 6 bytes. */
void parse_mac(const char *text, uint8_t out[6]);
