/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ring as dataplane/ring.c describes it, one visit at a time: what ring_fill must equal. */
#pragma once

#include "dataplane/ring.h"

void ref_ring_fill(uint32_t *slots, unsigned bits, const struct ring_member *members, size_t count);
