/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two models compared member by member: a judge that shares no code with the product. */
#pragma once

struct model;

/* Fails the running test, naming what differs. Facts (state, reason, next hop) do not count. */
void expect_same_model(const struct model *got, const struct model *expected);
