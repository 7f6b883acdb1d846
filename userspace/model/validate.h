/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules between objects: what a model as a whole must satisfy to become the current one. */
#pragma once

struct err;
struct model;

/*
 * 0, or -errno with one sentence that names the offending objects. Removed groups count as not
 * there, but their targets against the limits. Checks: every group that a listener names exists; no
 * two listeners with the same address, protocol and ports; port ranges of one address and protocol
 * are nested or apart; a listener and its groups' targets are of one address family; addresses are
 * unicast and neither unspecified, loopback nor link-local; no target is itself a listener; no two
 * nat listeners whose replies could not be told apart; a health check is over before the next one
 * starts; no unhealthy_draining_interval where termination forestalls it; the limits of
 * include/abi.h.
 */
int model_validate(const struct model *model, struct err *err);
