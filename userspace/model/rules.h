/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules of model/validate.h that look at many objects at once. Private to validation. */
#pragma once

#include "model/model.h"

struct err;

/*
 * Listeners do not share ports, their ranges are nested or apart and not too many, and no target is
 * itself a listener.
 */
int rules_check_ports(const struct model *model, struct err *err);

/* Each reply of a nat target belongs to one listener and port. After rules_check_ports. */
int rules_check_replies(const struct model *model, struct err *err);

/* For a target that is draining the end of a sentence about it: what to do. Else "". */
enum { DRAIN_HINT_SIZE = 256 };
const char *drain_hint(const struct group *group, const struct target *target, char *text);
