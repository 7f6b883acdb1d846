// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The model at its limits: as many as fit, one more, and many of everything in little time. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "model/diff.h"
#include "model/model.h"
#include "model/validate.h"

static struct addr address(uint32_t number)
{
	struct addr addr;

	addr_from_v4(&addr, htonl(0x0a000000 + number));
	return addr;
}

static struct addr vip(uint32_t number)
{
	struct addr addr;

	addr_from_v4(&addr, htonl(0xc0000000 + number));
	return addr;
}

/* A group with targets 10.0.0.0 + first .. on port 80. */
static void add_group(struct model *model, const char *name, enum forwarding forwarding,
		      uint32_t first, uint32_t targets)
{
	struct group group;

	group_init(&group, name);
	group.forwarding = forwarding;
	for (uint32_t i = 0; i < targets; i++) {
		struct target target = { .addr = address(first + i), .port = 80, .weight = 1 };

		cr_assert_eq(group_put_target(&group, &target), 0);
	}
	cr_assert_eq(model_put_group(model, &group), 0);
}

static void add_listener(struct model *model, const char *name, uint8_t protocol, uint32_t number,
			 uint16_t port_first, uint16_t port_last, const char *group)
{
	struct listener listener = {
		.addr = vip(number),
		.protocol = protocol,
		.port_first = port_first,
		.port_last = port_last,
		.groups = { { .weight = 1 } },
		.group_count = 1,
	};

	snprintf(listener.name, sizeof(listener.name), "%s-%05u-%05u-%u", name, number, port_first,
		 protocol);
	snprintf(listener.groups[0].name, sizeof(listener.groups[0].name), "%s", group);
	cr_assert_eq(model_put_listener(model, &listener), 0);
}

static void expect_valid(const struct model *model)
{
	struct err err = { 0 };

	cr_expect_eq(model_validate(model, &err), 0, "%s", err.text);
}

static void expect_refused(const struct model *model, const char *sentence)
{
	struct err err = { 0 };

	cr_expect_eq(model_validate(model, &err), -EINVAL);
	cr_expect_str_eq(err.text, sentence, "%s", err.text);
}

Test(limits, listeners)
{
	_cleanup_(model_free) struct model *model = model_new();

	add_group(model, "g", FORWARDING_IPIP, 1, 1);
	for (uint32_t i = 1; i < LISTENERS_MAX; i++)
		add_listener(model, "l", IPPROTO_TCP, i, 80, 80, "g");
	expect_valid(model);
	add_listener(model, "l", IPPROTO_TCP, LISTENERS_MAX, 80, 80, "g");
	expect_refused(model, "16384 listeners; 16383 is the limit");
}

Test(limits, targets_draining_ones_included)
{
	_cleanup_(model_free) struct model *model = model_new();

	add_group(model, "a", FORWARDING_NAT, 1, TARGETS_MAX - 2);
	add_group(model, "b", FORWARDING_NAT, 1, 1);
	expect_valid(model);
	add_group(model, "c", FORWARDING_NAT, 1, 1);
	model_find_group(model, "c")->targets[0].drain_deadline_ms = 1;
	expect_refused(model, "65536 targets, draining ones included; 65535 is the limit");
	model_find_group(model, "c")->removed = true;
	expect_refused(model, "65536 targets, draining ones included; 65535 is the limit");
}

Test(limits, replies)
{
	_cleanup_(model_free) struct model *model = model_new();

	add_group(model, "g", FORWARDING_NAT, 1, REPLIES_MAX / 2);
	add_listener(model, "l", IPPROTO_TCP, 1, 80, 80, "g");
	add_listener(model, "l", IPPROTO_UDP, 1, 80, 80, "g");
	expect_valid(model);
	add_group(model, "h", FORWARDING_NAT, REPLIES_MAX, 1);
	add_listener(model, "l", IPPROTO_TCP, 1, 81, 81, "h");
	expect_refused(model, "more than 65536 combinations of listener and target in nat; use ipip "
			      "for some groups");
	model_find_group(model, "h")->forwarding = FORWARDING_IPIP;
	expect_valid(model);
}

Test(limits, addresses_with_port_ranges)
{
	_cleanup_(model_free) struct model *model = model_new();

	add_group(model, "g", FORWARDING_IPIP, 1, 1);
	for (uint32_t i = 0; i < RANGED_ADDRESSES_MAX / 2; i++) {
		add_listener(model, "l", IPPROTO_TCP, i, 80, 90, "g");
		add_listener(model, "l", IPPROTO_UDP, i, 80, 90, "g");
	}
	for (uint32_t i = 0; i < 10; i++) {	/* neither of these is one more */
		add_listener(model, "single", IPPROTO_TCP, RANGED_ADDRESSES_MAX + i, 80, 80, "g");
		add_listener(model, "second", IPPROTO_TCP, i, 100, 110, "g");
	}
	expect_valid(model);
	add_listener(model, "l", IPPROTO_TCP, RANGED_ADDRESSES_MAX, 81, 90, "g");
	expect_refused(model, "4097 pairs of address and protocol have listeners with port ranges; "
			      "4096 is the limit");
}

Test(limits, port_ranges_of_one_address)
{
	_cleanup_(model_free) struct model *model = model_new();

	add_group(model, "g", FORWARDING_IPIP, 1, 1);
	for (uint16_t i = 0; i < RANGES_MAX; i++) {
		add_listener(model, "l", IPPROTO_TCP, 1, (uint16_t)(10 * i), (uint16_t)(10 * i + 5),
			     "g");
		add_listener(model, "l", IPPROTO_UDP, 1, (uint16_t)(10 * i), (uint16_t)(10 * i + 5),
			     "g");
		add_listener(model, "single", IPPROTO_TCP, 1, (uint16_t)(10 * i + 7),
			     (uint16_t)(10 * i + 7), "g");
	}
	expect_valid(model);
	add_listener(model, "l", IPPROTO_TCP, 1, 2000, 2001, "g");
	expect_refused(model, "the listeners of 192.0.0.1 tcp have too many port ranges: they make "
			      "more than 64 separate pieces");
}

/* Each listener has its own address, but the replies of the target are one list. */
Test(limits, port_ranges_of_one_nat_target)
{
	_cleanup_(model_free) struct model *model = model_new();

	add_group(model, "g", FORWARDING_NAT, 1, 1);
	for (uint16_t i = 0; i < RANGES_MAX; i++)
		add_listener(model, "l", IPPROTO_UDP, i, (uint16_t)(10 * i), (uint16_t)(10 * i + 5),
			     "g");
	add_listener(model, "l", IPPROTO_TCP, 1, 7, 8, "g");
	add_listener(model, "l", IPPROTO_UDP, 1, 80, 80, "g");
	model_remove_listener(model, "l-00008-00080-17");	/* it has port 80 */
	expect_valid(model);
	add_listener(model, "l", IPPROTO_UDP, 8, 6000, 6005, "g");
	add_listener(model, "l", IPPROTO_UDP, 8, 7000, 7005, "g");
	expect_refused(model, "target 10.0.0.1 gets udp packets by nat of too many listeners with "
			      "port ranges: they make more than 64 separate pieces");
}

/* Clone, carry, validate and compare, as each change does; the time limit is Criterion's. */
static void change(const struct model *model)
{
	_cleanup_(model_free) struct model *next = model_clone(model);
	json_t *changes;

	cr_assert_eq(model_carry(next, model, 1), 0);
	expect_valid(next);
	next->groups[0].targets[0].weight = 7;
	changes = model_diff(model, next);
	cr_expect_eq(json_array_size(changes), 1);
	json_decref(changes);
}

Test(limits, ten_thousand_listeners_with_a_target_each, .timeout = 10)
{
	_cleanup_(model_free) struct model *model = model_new();
	char name[NAME_SIZE];

	for (uint32_t i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "g-%05u", i);
		add_group(model, name, FORWARDING_NAT, i, 1);
		add_listener(model, "l", IPPROTO_TCP, i, 80, 80, name);
	}
	change(model);
}

Test(limits, ten_listeners_with_a_thousand_targets_each, .timeout = 10)
{
	_cleanup_(model_free) struct model *model = model_new();
	char name[NAME_SIZE];

	for (uint32_t i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "g-%05u", i);
		add_group(model, name, FORWARDING_NAT, 1000 * i, 1000);
		add_listener(model, "l", IPPROTO_TCP, i, 80, 80, name);
	}
	change(model);
}

/* A group that all share is fine in ipip; in nat it is refused, before it exhausts memory. */
Test(limits, ten_thousand_listeners_that_share_a_thousand_targets, .timeout = 10)
{
	_cleanup_(model_free) struct model *model = model_new();

	add_group(model, "g", FORWARDING_IPIP, 0, 1000);
	for (uint32_t i = 0; i < 10000; i++)
		add_listener(model, "l", IPPROTO_TCP, i, 80, 80, "g");
	change(model);
	model->groups[0].forwarding = FORWARDING_NAT;
	expect_refused(model, "listeners 'l-00000-00080-6' and 'l-00001-00080-6' both send to target "
			      "10.0.0.0:80 by nat: its replies could belong to either; give them "
			      "different target ports, or use ipip");
}
