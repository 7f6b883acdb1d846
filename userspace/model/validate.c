// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Is the model as a whole one that may become the current one? Rules of single objects with those
 * they name are here; rules_ports.c and rules_replies.c look at all of them at once.
 */
#include "model/validate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "model/rules.h"

#define V4(a, b, c, d) { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d }

/* What no listener and no target can have. */
static const struct {
	uint8_t prefix[16];
	unsigned bits;
	const char *what;
} unusable[] = {
	{ V4(0, 0, 0, 0), 128, "the unspecified address" },
	{ V4(127, 0, 0, 0), 104, "a loopback address" },
	{ V4(224, 0, 0, 0), 100, "a multicast address" },
	{ V4(255, 255, 255, 255), 128, "the broadcast address" },
	{ { 0 }, 128, "the unspecified address" },
	{ { [15] = 1 }, 128, "a loopback address" },
	{ { 0xff }, 8, "a multicast address" },
	{ { 0xfe, 0x80 }, 10, "a link-local address, which means nothing without an interface" },
};

static bool has_prefix(const struct addr *addr, const uint8_t prefix[16], unsigned bits)
{
	const uint8_t *bytes = (const uint8_t *)addr;
	unsigned i = 0;

	for (; bits >= 8; bits -= 8, i++) {
		if (bytes[i] != prefix[i])
			return false;
	}
	return !bits || (bytes[i] ^ prefix[i]) >> (8 - bits) == 0;
}

/* What is wrong with the address, NULL if nothing. */
static const char *address_fault(const struct addr *addr)
{
	for (size_t i = 0; i < ARRAY_SIZE(unusable); i++) {
		if (has_prefix(addr, unusable[i].prefix, unusable[i].bits))
			return unusable[i].what;
	}
	return NULL;
}

static const char *family_name(const struct addr *addr)
{
	return addr_is_v4(addr) ? "IPv4" : "IPv6";
}

const char *drain_hint(const struct group *group, const struct target *target, char *text)
{
	char endpoint[ENDPOINT_TEXT_SIZE];

	text[0] = '\0';
	if (target_is_draining(target))
		snprintf(text, DRAIN_HINT_SIZE,
			 "; it is draining, which `sluicectl target remove %s %s --now` ends",
			 group->name, endpoint_format(&target->addr, target->port, endpoint));
	return text;
}

static int check_limits(const struct model *model, struct err *err)
{
	size_t targets = 0;

	for (size_t i = 0; i < model->group_count; i++)
		targets += model->groups[i].target_count;
	if (targets > TARGETS_MAX - 1)
		return err_set(err, EINVAL, "%zu targets, draining ones included; %d is the limit",
			       targets, TARGETS_MAX - 1);
	if (model->listener_count > LISTENERS_MAX - 1)
		return err_set(err, EINVAL, "%zu listeners; %d is the limit", model->listener_count,
			       LISTENERS_MAX - 1);
	return 0;
}

static int check_tunnel_source(const struct group *group, int slot, struct err *err)
{
	static const char *const families[] = { "IPv4", "IPv6" };
	const struct addr *source = &group->tunnel_source[slot];
	const char *fault = address_fault(source);
	char text[ADDR_TEXT_SIZE];

	if (addr_is_zero(source))
		return 0;
	if (addr_is_v4(source) != (slot == 0))
		return err_set(err, EINVAL, "group '%s': the tunnel source %s is not an %s address",
			       group->name, addr_format(source, text), families[slot]);
	if (fault)
		return err_set(err, EINVAL, "group '%s': the tunnel source %s is %s", group->name,
			       addr_format(source, text), fault);
	return 0;
}

static int check_target(const struct group *group, const struct target *target, struct err *err)
{
	const char *fault = address_fault(&target->addr);
	char text[ENDPOINT_TEXT_SIZE];

	if (fault)
		return err_set(err, EINVAL, "group '%s': target %s has %s", group->name,
			       endpoint_format(&target->addr, target->port, text), fault);
	return 0;
}

/* An interval that nothing waits for would be a promise not kept. */
static int check_unhealthy_draining(const struct group *group, struct err *err)
{
	if (!group->unhealthy_draining_interval_s || !group->unhealthy_connection_termination)
		return 0;
	return err_set(err, EINVAL,
		       "group '%s': unhealthy_draining_interval is %us, but "
		       "unhealthy_connection_termination is true: set that to false, or the interval "
		       "to 0s",
		       group->name, group->unhealthy_draining_interval_s);
}

/* A removed group is no configuration any more, and was right when it was. */
static int check_group(const struct group *group, struct err *err)
{
	const struct health_check *check = &group->health_check;
	int r;

	if (group->removed)
		return 0;
	if (check->protocol != CHECK_NONE && check->timeout_ms > check->interval_ms)
		return err_set(err, EINVAL,
			       "group '%s': the health check's timeout (%u ms) is longer than its "
			       "interval (%u ms)",
			       group->name, check->timeout_ms, check->interval_ms);
	r = check_unhealthy_draining(group, err);
	r = r ?: check_tunnel_source(group, 0, err);
	r = r ?: check_tunnel_source(group, 1, err);
	for (size_t i = 0; i < group->target_count && !r; i++)
		r = check_target(group, &group->targets[i], err);
	return r;
}

/* Of each group a target of either family, NULL if it has none: [0] IPv4, [1] IPv6. */
struct families {
	const struct target *of[2];
};

static struct families *find_families(const struct model *model)
{
	struct families *families = calloc(model->group_count + 1, sizeof(*families));

	for (size_t i = 0; i < model->group_count && families; i++) {
		const struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			const struct target *target = &group->targets[j];
			const struct target **slot = &families[i].of[!addr_is_v4(&target->addr)];

			if (!*slot || target_is_draining(*slot))
				*slot = target;
		}
	}
	return families;
}

static int check_route(const struct model *model, const struct families *families,
		       const struct listener *listener, const char *name, struct err *err)
{
	const struct group *group = model_find_group(model, name);
	char endpoint[ENDPOINT_TEXT_SIZE], hint[DRAIN_HINT_SIZE];
	const struct target *target;

	if (!group || group->removed)
		return err_set(err, EINVAL, "listener '%s': there is no group '%s'",
			       listener->name, name);
	target = families[group - model->groups].of[addr_is_v4(&listener->addr)];
	if (target)
		return err_set(err, EINVAL,
			       "listener '%s' is %s but target %s of group '%s' is %s%s",
			       listener->name, family_name(&listener->addr),
			       endpoint_format(&target->addr, target->port, endpoint), group->name,
			       family_name(&target->addr), drain_hint(group, target, hint));
	return 0;
}

static int check_listener(const struct model *model, const struct families *families,
			  const struct listener *listener, struct err *err)
{
	const char *fault = address_fault(&listener->addr);
	char addr[ADDR_TEXT_SIZE];
	int r = 0;

	if (fault)
		return err_set(err, EINVAL, "listener '%s': %s is %s", listener->name,
			       addr_format(&listener->addr, addr), fault);
	if (!listener->group_count)
		return err_set(err, EINVAL, "listener '%s' has no group to send to",
			       listener->name);
	for (size_t i = 0; i < listener->group_count && !r; i++)
		r = check_route(model, families, listener, listener->groups[i].name, err);
	return r;
}

int model_validate(const struct model *model, struct err *err)
{
	_cleanup_free_ struct families *families = find_families(model);
	int r;

	if (!families)
		return err_set(err, ENOMEM, "out of memory");
	r = check_limits(model, err);
	for (size_t i = 0; i < model->group_count && !r; i++)
		r = check_group(&model->groups[i], err);
	for (size_t i = 0; i < model->listener_count && !r; i++)
		r = check_listener(model, families, &model->listeners[i], err);
	r = r ?: rules_check_ports(model, err);
	return r ?: rules_check_replies(model, err);
}
