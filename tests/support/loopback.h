/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Servers on the loopback that behave in one chosen way, and an event loop run until it is so. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

struct event_base;

/* 127.0.0.1 or ::1. */
struct addr loopback_addr(int family);

/* A TCP port that accepts, on every address; a free one if *port is 0. Non-blocking. */
int loopback_listen(int family, uint16_t *port);

/*
 * A TCP port that never answers: its queue of connections is full, so the kernel drops every SYN.
 * *filler holds the place; accepting and closing it makes the port answer again.
 */
int loopback_listen_full(int family, uint16_t *port, int *filler);

/* A port that nobody listens on. */
uint16_t loopback_closed_port(int family);

/* Sockets of any state, TIME_WAIT too, whose peer has this port. */
unsigned loopback_count_sockets_to(int family, uint16_t port);

/* Runs the loop until is_so, ten seconds at most; false if it never was. */
bool loop_until(struct event_base *base, bool (*is_so)(void *context), void *context);

/* What a busy daemon does: nothing else for so long. */
void stall(unsigned ms);

/* A network namespace of the test's own, with nothing but its loopback; false: no privilege. */
bool own_network(void);

unsigned count_descriptors(void);
