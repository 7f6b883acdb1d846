// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The world's setups as models, places as addresses: see gateway_model.h. */
#include "gateway_model.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "build_packet.h"
#include "gateway.h"
#include "model/model.h"
#include "model/state_tree.h"
#include "ref_siphash.h"

enum { LOOPBACK = 1, ETHERNET = 14, RANGE_LISTENER = 5, MTU = 1500 };

/*
 * ---- addresses --------------------------------------------------------------------------------
 */

/* 10.GROUP.0.TARGET or 2001:db8:a:GROUP::TARGET, counted from 1. */
static struct addr place_addr(int place, bool is_v6)
{
	uint32_t group = (uint32_t)place / WORLD_TARGETS, target = (uint32_t)place % WORLD_TARGETS;
	struct addr addr;

	if (is_v6)
		return (struct addr){ .word = { htonl(0x20010db8), htonl(0xa0000 + group + 1), 0,
						htonl(target + 1) } };
	addr_from_v4(&addr, htonl(0x0a000000 + (group + 1) * 0x10000 + target + 1));
	return addr;
}

static int addr_place(const struct addr *addr)
{
	uint32_t low = ntohl(addr->word[3]);
	uint32_t group = addr_is_v4(addr) ? low >> 16 & 0xff : ntohl(addr->word[1]) & 0xffff;

	return (int)((group - 1) * WORLD_TARGETS + (low & 0xff) - 1);
}

int gateway_place_of_frame(const uint8_t *frame)
{
	struct addr addr = { 0 };
	uint32_t v4;

	if (frame[ETHERNET] >> 4 == 6) {
		memcpy(&addr, frame + ETHERNET + 24, sizeof(addr));
	} else {
		memcpy(&v4, frame + ETHERNET + 16, sizeof(v4));
		addr_from_v4(&addr, v4);
	}
	return addr_place(&addr);
}

/* Two listeners share an address, and so does the one that has a range of ports. */
static struct addr listener_addr(int listener, bool is_v6)
{
	uint32_t host = 10 + (uint32_t)listener / 2;
	struct addr addr;

	if (is_v6)
		return (struct addr){ .word = { htonl(0x20010db8), htonl(0x20000), 0,
						htonl(host) } };
	addr_from_v4(&addr, htonl(0xc0000200 + host));
	return addr;
}

void gateway_listener_ports(int listener, uint16_t *first, uint16_t *last)
{
	*first = (uint16_t)(8000 + 100 * listener);
	*last = (uint16_t)(*first + (listener == RANGE_LISTENER ? 7 : 0));
}

/*
 * ---- setup -> model ---------------------------------------------------------------------------
 */

static void add_targets(struct group *group, const struct world_group *from, int number)
{
	for (int i = 0; i < WORLD_TARGETS; i++) {
		struct target target = {
			.addr = place_addr(number * WORLD_TARGETS + i, from->is_v6),
			.port = 8080,
			.weight = from->target[i].weight,
			.state = TARGET_INITIAL,
			.reason = TARGET_REASON_REGISTRATION_IN_PROGRESS,
		};

		if (from->target[i].registered)
			cr_assert_eq(group_put_target(group, &target), 0);
	}
}

static void add_group(struct model *model, const struct world_group *from, int number)
{
	struct group group;
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "g%d", number);
	group_init(&group, name);
	group.forwarding = from->is_nat ? FORWARDING_NAT : FORWARDING_IPIP;
	group.idle_timeout_s = from->idle_timeout;
	group.deregistration_delay_s = from->delay;
	group.connection_termination = from->termination;
	group.unhealthy_connection_termination = from->unhealthy_termination;
	group.unhealthy_draining_interval_s = from->unhealthy_interval;
	group.slow_start_s = from->slow_start;
	add_targets(&group, from, number);
	cr_assert_eq(model_put_group(model, &group), 0);
}

static void add_listener(struct model *model, const struct world_listener *from, int number)
{
	struct listener listener = {
		.addr = listener_addr(number, from->is_v6),
		.protocol = from->is_udp ? IPPROTO_UDP : IPPROTO_TCP,
		.affinity = from->hash	  ? AFFINITY_HASH :
			    from->tracked ? AFFINITY_TRACKED :
					    AFFINITY_AUTO,
	};

	snprintf(listener.name, sizeof(listener.name), "l%d", number);
	gateway_listener_ports(number, &listener.port_first, &listener.port_last);
	for (int i = 0; i < WORLD_GROUPS; i++) {
		struct weighted_group *group = &listener.groups[listener.group_count];

		if (from->weight[i] == WORLD_NOT_ROUTED)
			continue;
		snprintf(group->name, sizeof(group->name), "g%d", i);
		group->weight = (uint16_t)from->weight[i];
		listener.group_count++;
	}
	cr_assert_eq(model_put_listener(model, &listener), 0);
}

struct model *gateway_model(const struct world_setup *setup)
{
	struct model *model = model_new();

	cr_assert_not_null(model);
	for (int i = 0; i < WORLD_GROUPS; i++) {
		if (setup->group[i].exists)
			add_group(model, &setup->group[i], i);
	}
	for (int i = 0; i < WORLD_LISTENERS; i++) {
		if (setup->listener[i].exists)
			add_listener(model, &setup->listener[i], i);
	}
	return model;
}

struct model *gateway_model_reload(const struct model *model)
{
	json_auto_t *tree = state_encode(model);
	struct model *read = NULL;
	struct err err = { .code = 0 };

	cr_assert(tree && !state_decode(tree, &read, &err), "%s", err.text);
	return read;
}

/*
 * ---- what becomes of a model ------------------------------------------------------------------
 */

static int group_number(const struct group *group)
{
	return atoi(group->name + 1);
}

void gateway_model_remove(struct model *model, int place)
{
	for (size_t i = 0; i < model->group_count; i++) {
		struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			struct target *target = &group->targets[j];

			if (addr_place(&target->addr) != place)
				continue;
			group_remove_target(group, &target->addr, target->port);
			return;
		}
	}
}

static void learn(const struct group *group, struct target *target,
		  const struct world_setup *setup, uint64_t now_ms)
{
	static const struct {
		enum target_state state;
		enum target_reason reason;
	} facts[] = {
		[WORLD_UNKNOWN] = { TARGET_INITIAL, TARGET_REASON_INITIAL_HEALTH_CHECKING },
		[WORLD_UP] = { TARGET_HEALTHY, TARGET_REASON_NONE },
		[WORLD_DOWN] = { TARGET_UNHEALTHY, TARGET_REASON_FAILED_HEALTH_CHECKS },
	};
	int place = addr_place(&target->addr), number = group_number(group);
	enum world_health health = setup->group[number].target[place % WORLD_TARGETS].health;

	if (target_is_draining(target))
		return;
	if (!world_uses(setup, number))
		target_follow_health(group, target, TARGET_UNUSED, TARGET_REASON_NOT_IN_USE,
				     now_ms);
	else
		target_follow_health(group, target, facts[health].state, facts[health].reason,
				     now_ms);
}

void gateway_model_learn(struct model *model, const struct world_setup *setup, uint64_t now_ms)
{
	for (size_t i = 0; i < model->group_count; i++) {
		struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++)
			learn(group, &group->targets[j], setup, now_ms);
	}
}

/* All are next door, by the interface that packets come in by. */
void gateway_model_find_hops(struct model *model)
{
	for (size_t i = 0; i < model->group_count; i++) {
		struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			struct target *target = &group->targets[j];

			target->hop = (struct next_hop){
				.state = HOP_RESOLVED,
				.ifindex = LOOPBACK,
				.mtu = MTU,
				.dst_mac = { 2, 0, 0, 0, 0x0a, 11 },
				.src_mac = { 2, 0, 0, 0, 0, 1 },
				.source = place_addr(0, !addr_is_v4(&target->addr)),
			};
		}
	}
}

const char *gateway_model_unsettled(const struct model *model)
{
	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		if (group->removed)
			return "a removed group";
		for (size_t j = 0; j < group->target_count; j++) {
			if (target_is_draining(&group->targets[j]))
				return "a draining target";
		}
	}
	return NULL;
}

/*
 * ---- packets ----------------------------------------------------------------------------------
 */

static struct addr client_addr(uint32_t client, bool is_v6)
{
	struct addr addr;

	if (is_v6)
		return (struct addr){ .word = { htonl(0x20010db8), htonl(0xc0000), 0,
						htonl(client) } };
	addr_from_v4(&addr, htonl(0xc6120000 + (client & 0xffff)));
	return addr;
}

/* The program takes checksums as they are. */
void gateway_packet(const struct gateway_tuple *tuple, const struct world_listener *listener,
		    bool is_syn, struct gateway_packet *out)
{
	struct addr client = client_addr(tuple->client, listener->is_v6);
	struct addr vip = listener_addr(tuple->listener, listener->is_v6);
	char src[ADDR_TEXT_SIZE], dst[ADDR_TEXT_SIZE];
	const struct packet_spec spec = {
		.src = addr_format(&client, src),
		.dst = addr_format(&vip, dst),
		.protocol = listener->is_udp ? IPPROTO_UDP : IPPROTO_TCP,
		.sport = tuple->sport,
		.dport = tuple->dport,
		.tcp_flags = is_syn ? TCP_SYN : TCP_ACK,
	};
	struct frame frame;

	build_packet(&spec, &frame);
	cr_assert(frame.length <= sizeof(out->bytes));
	out->length = (uint8_t)frame.length;
	memcpy(out->bytes, frame.bytes, frame.length);
}

struct endpoint_key gateway_listener_key(const struct gateway_tuple *tuple,
					 const struct world_listener *listener)
{
	return (struct endpoint_key){
		.addr = listener_addr(tuple->listener, listener->is_v6),
		.port = htons(tuple->dport),
		.protocol = listener->is_udp ? IPPROTO_UDP : IPPROTO_TCP,
	};
}

uint64_t gateway_hash(const struct gateway_tuple *tuple, const struct world_listener *listener,
		      const uint64_t secret[2])
{
	struct addr client = client_addr(tuple->client, listener->is_v6);
	struct addr vip = listener_addr(tuple->listener, listener->is_v6);
	size_t length = listener->is_v6 ? 16 : 4;
	uint16_t ports[2] = { htons(tuple->sport), htons(tuple->dport) };
	uint8_t bytes[37], *at = bytes;

	at = mempcpy(at, (char *)&client + 16 - length, length);
	at = mempcpy(at, (char *)&vip + 16 - length, length);
	at = mempcpy(at, ports, sizeof(ports));
	*at++ = listener->is_udp ? IPPROTO_UDP : IPPROTO_TCP;
	return ref_siphash(1, 3, (const uint8_t *)secret, bytes, (size_t)(at - bytes));
}
