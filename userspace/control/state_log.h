/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The log's lines about targets that drain. What checks find is logged by health/check.c. */
#pragma once

struct model;

/* `old -> new` for each target that begins or ends draining, be it removed or unhealthy. */
void state_log(const struct model *before, const struct model *after);
