/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Snapshot -> Prometheus text exposition format 0.0.4. Pure. */
#pragma once

struct stats;

/* A new string (free), NULL if out of memory. */
char *prometheus_format(const struct stats *stats);
