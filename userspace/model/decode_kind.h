/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the lists of a configuration hold: each kind is defined beside the decoder of its object. */
#pragma once

#include "model/decode_object.h"

extern const struct kind decode_listener_kind;	/* owner: struct model */
extern const struct kind decode_group_kind;	/* owner: struct model */
extern const struct kind decode_target_kind;	/* owner: struct group */
