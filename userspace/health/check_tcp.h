/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The TCP check: the target's kernel accepts a connection in time. */
#pragma once

#include "health/check_kind.h"

extern const struct check_kind check_tcp;
