/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ownership as syntax: a variable marked _cleanup_x_ is released when it leaves its scope. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)

/* Hands the pointer (or the descriptor) to the caller and disarms the cleanup. */
#define take_ptr(p) __extension__({ __typeof__(p) taken_ = (p); (p) = NULL; taken_; })
#define take_fd(fd) __extension__({ int taken_ = (fd); (fd) = -1; taken_; })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
