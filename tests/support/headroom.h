/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A driver that leaves little room in front of the frame, as BPF_PROG_TEST_RUN never does. */
#pragma once

#include <stddef.h>

/* A prog array loses its entries with its last descriptor, so the map is kept open. */
struct headroom_wrapper {
	int prog_fd, map_fd;		/* -1: none */
};

/*
 * Loads a program which moves the head of the frame far into its headroom, copies the first
 * frame_length bytes there and goes on with the program of prog_fd, which sees the frame with more
 * padding behind it.
 */
struct headroom_wrapper headroom_wrap(int prog_fd, size_t frame_length);
void headroom_unwrap(struct headroom_wrapper *wrapper);
