// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "random_model.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "model/model.h"

/* The limits of a range half of the time. */
static uint32_t random_in(struct random_source *random, uint32_t min, uint32_t max)
{
	uint32_t choice = random_below(random, 4);

	return choice == 0 ? min : choice == 1 ? max : min + random_below(random, max - min + 1);
}

static struct addr random_addr(struct random_source *random, bool v6)
{
	struct addr addr;

	addr_from_v4(&addr, htonl(0x0a000001 + random_below(random, 1000)));
	if (v6)
		addr.word[0] = htonl(0x20010db8);
	return addr;
}

static void random_name(struct random_source *random, char name[NAME_SIZE])
{
	static const char *const names[] = {
		"web", "blue", "a.b-c_d", "_", "80", "080", "1.5", "1e5", "0x10", "true", "null", "no",
		"10.0.0.1", "a-name-that-is-as-long-as-a-name-can-be-which-is-63-characters-",
	};

	snprintf(name, NAME_SIZE, "%s", names[random_below(random, ARRAY_SIZE(names))]);
}

static void add_listener(struct random_source *random, struct model *model)
{
	uint32_t groups = random_in(random, 1, ROUTING_GROUPS_MAX);
	struct listener listener = { .group_count = 0 };

	random_name(random, listener.name);
	listener.protocol = random_below(random, 2) ? IPPROTO_TCP : IPPROTO_UDP;
	listener.addr = random_addr(random, random_below(random, 2));
	listener.port_first = (uint16_t)random_in(random, 1, 65535);
	listener.port_last = (uint16_t)random_in(random, listener.port_first, 65535);
	if (!random_below(random, 4)) {
		listener.port_first = PORT_ANY_FIRST;
		listener.port_last = PORT_ANY_LAST;
	}
	if (random_below(random, 2))
		listener.affinity = random_below(random, AFFINITY_COUNT);
	for (uint32_t i = 0; i < groups; i++) {
		struct weighted_group *group = &listener.groups[listener.group_count++];

		snprintf(group->name, sizeof(group->name), "group%u", i);
		group->weight = 1;
		if (random_below(random, 2))
			group->weight = (uint16_t)random_in(random, 0, WEIGHT_MAX);
	}
	if (model_put_listener(model, &listener))
		abort();
}

/* Of a removed group all targets drain. */
static void add_target(struct random_source *random, struct group *group, bool draining)
{
	struct target target = { .weight = 1 };
	bool drains = group->removed || (draining && !random_below(random, 3));

	target.addr = random_addr(random, random_below(random, 2));
	target.port = (uint16_t)random_in(random, 1, 65535);
	if (random_below(random, 2))
		target.weight = (uint16_t)random_in(random, 0, WEIGHT_MAX);
	if (drains)
		target.drain_deadline_ms = UINT64_C(1760000000000) + random_below(random, 3600000);
	if (group_put_target(group, &target))
		abort();
}

static void add_check(struct random_source *random, struct health_check *check)
{
	if (random_below(random, 2))
		check->protocol = CHECK_NONE;
	if (random_below(random, 2))
		check->port = (uint16_t)random_in(random, 1, 65535);
	if (random_below(random, 2))
		check->interval_ms = random_in(random, 100, 300000);
	if (random_below(random, 2))
		check->timeout_ms = random_in(random, 1, 300) * 1000;
	if (random_below(random, 2))
		check->healthy_threshold = (uint8_t)random_in(random, 1, 10);
	if (random_below(random, 2))
		check->unhealthy_threshold = (uint8_t)random_in(random, 1, 10);
}

static void add_flow_attributes(struct random_source *random, struct group *group)
{
	if (random_below(random, 2))
		group->idle_timeout_s = random_in(random, 60, 6000);
	if (random_below(random, 2))
		group->deregistration_delay_s = random_in(random, 0, 3600);
	if (random_below(random, 2))
		group->connection_termination = random_below(random, 2);
	if (random_below(random, 2))
		group->unhealthy_connection_termination = random_below(random, 2);
	if (random_below(random, 2))
		group->unhealthy_draining_interval_s = random_in(random, 0, 360000);
	if (random_below(random, 2))
		group->slow_start_s = random_in(random, 0, 900);
}

static void add_group(struct random_source *random, struct model *model, bool draining)
{
	struct group group;

	group_init(&group, "");
	random_name(random, group.name);
	group.removed = draining && !random_below(random, 4);
	if (random_below(random, 2))
		group.forwarding = FORWARDING_IPIP;
	add_check(random, &group.health_check);
	add_flow_attributes(random, &group);
	for (uint32_t v6 = 0; v6 < 2; v6++)
		if (random_below(random, 2))
			group.tunnel_source[v6] = random_addr(random, v6);
	for (uint32_t left = random_in(random, group.removed, 5); left; left--)
		add_target(random, &group, draining);
	if (model_put_group(model, &group))
		abort();
}

struct model *random_model(struct random_source *random, bool draining)
{
	struct model *model = model_new();

	if (!model)
		abort();
	for (size_t i = 0; i < SECRET_SIZE; i++)
		model->hash_secret[i] = (uint8_t)(1 + random_below(random, 255));
	for (uint32_t left = random_below(random, 5); left; left--)
		add_listener(random, model);
	for (uint32_t left = random_below(random, 5); left; left--)
		add_group(random, model, draining);
	return model;
}
