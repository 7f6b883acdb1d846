// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which listener a packet is for: the exact port, else the port range it lies in. */
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "program.h"
#include "site.h"

/*
 * Listeners are told apart by the listener_traffic that a packet raises. They have no target, so
 * each packet that matches one is dropped for that reason.
 */
static struct listener_entry add_listener(struct program *program, uint32_t id)
{
	uint32_t none = 0;
	struct listener_entry entry = program_add_ring(program, &none, 1);

	entry.id = id;
	return entry;
}

static void expect_listener(struct program *program, const char *addr, uint8_t protocol,
			    uint16_t port, uint32_t id)
{
	struct packet_spec packet = site_packet(strchr(addr, ':'), protocol);
	struct traffic before = {}, after = {};

	packet.dst = addr;
	packet.dport = port;
	if (id)
		program_get_listener_traffic(program, id, &before);
	expect_packet(program, addr, &packet, id ? REASON_NO_TARGET : REASON_NO_LISTENER, 0, NULL);
	if (id)
		program_get_listener_traffic(program, id, &after);
	cr_assert_eq(after.packets, before.packets + !!id, "port %u: not listener %u", port, id);
}

static void set_flags(struct program *program, uint32_t flags)
{
	program->config.flags = flags;
	program_configure(program);
}

Test(listener, an_exact_port_comes_before_a_range)
{
	_cleanup_program_ struct program program;

	program_open(&program);
	set_flags(&program, CONFIG_HAS_RANGES);
	for (int i = 0; i < 4; i++) {
		const char *addr = site[i & 1].vip;
		uint8_t protocol = site_protocols[i >> 1];
		struct port_ranges any = { .count = 1, .range = { { 0, 65535, 9 } } };
		struct listener_entry exact = add_listener(&program, 10), range;

		range = add_listener(&program, 11);
		program_set_listener(&program, port_key(addr, protocol, 443), &exact);
		program_set_listener_ranges(&program, addr, protocol, &any);
		program_set_listener(&program, range_key(addr, protocol, 9), &range);
		expect_listener(&program, addr, protocol, 443, 10);
		expect_listener(&program, addr, protocol, 442, 11);
		expect_listener(&program, addr, protocol, 444, 11);
		expect_listener(&program, addr, protocol, 0, 11);
		expect_listener(&program, addr, protocol, 65535, 11);
	}
}

/* As the daemon cuts them: 1000-1999 in the midst of `any`, and 1500 in the midst of that. */
Test(listener, the_most_specific_of_nested_ranges_wins)
{
	static const struct {
		uint16_t port;
		uint32_t id;
	} rows[] = {
		{ 0, 12 },    { 999, 12 },  { 1000, 11 },  { 1499, 11 },
		{ 1500, 10 }, { 1501, 11 }, { 1999, 11 },  { 2000, 12 },  { 65535, 12 },
	};
	struct port_ranges ranges = {
		.count = 3,
		.range = { { 0, 999, 0 }, { 1000, 1999, 1 }, { 2000, 65535, 0 } },
	};
	_cleanup_program_ struct program program;
	struct listener_entry exact, narrow, any;

	program_open(&program);
	set_flags(&program, CONFIG_HAS_RANGES);
	exact = add_listener(&program, 10);
	narrow = add_listener(&program, 11);
	any = add_listener(&program, 12);
	program_set_listener(&program, port_key("192.0.2.50", IPPROTO_TCP, 1500), &exact);
	program_set_listener(&program, range_key("192.0.2.50", IPPROTO_TCP, 0), &any);
	program_set_listener(&program, range_key("192.0.2.50", IPPROTO_TCP, 1), &narrow);
	program_set_listener_ranges(&program, "192.0.2.50", IPPROTO_TCP, &ranges);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_listener(&program, "192.0.2.50", IPPROTO_TCP, rows[i].port, rows[i].id);
	expect_listener(&program, "192.0.2.50", IPPROTO_UDP, 1500, 0);
	expect_listener(&program, "192.0.2.51", IPPROTO_TCP, 1500, 0);
}

Test(listener, sixty_four_ranges)
{
	_cleanup_program_ struct program program;
	struct port_ranges ranges = { .count = RANGES_MAX };
	const char *addr = "2001:db8::64";

	program_open(&program);
	set_flags(&program, CONFIG_HAS_RANGES);
	for (uint16_t i = 0; i < RANGES_MAX; i++) {
		struct listener_entry entry = { .id = 100u + i };

		ranges.range[i] = (struct port_range){
			.first = (uint16_t)(100 + 1000 * i),
			.last = (uint16_t)(199 + 1000 * i),
			.number = (uint16_t)(RANGES_MAX - i),
		};
		program_set_listener(&program, range_key(addr, IPPROTO_UDP, ranges.range[i].number),
				     &entry);
	}
	program_set_listener_ranges(&program, addr, IPPROTO_UDP, &ranges);
	for (uint16_t i = 0; i < RANGES_MAX; i++) {
		uint16_t first = ranges.range[i].first, last = ranges.range[i].last;

		expect_listener(&program, addr, IPPROTO_UDP, (uint16_t)(first - 1), 0);
		expect_listener(&program, addr, IPPROTO_UDP, first, 100u + i);
		expect_listener(&program, addr, IPPROTO_UDP, last, 100u + i);
		expect_listener(&program, addr, IPPROTO_UDP, (uint16_t)(last + 1), 0);
	}
}

/* A range's number must not be mistaken for a port, nor the other way round. */
Test(listener, a_range_number_is_not_a_port)
{
	_cleanup_program_ struct program program;
	struct listener_entry entry;

	program_open(&program);
	set_flags(&program, CONFIG_HAS_RANGES);
	entry = add_listener(&program, 10);
	for (uint16_t number = 0; number < 300; number++)
		program_set_listener(&program, range_key("192.0.2.50", IPPROTO_TCP, number),
				     &entry);
	for (uint32_t port = 0; port < 0x10000; port += 251)
		expect_listener(&program, "192.0.2.50", IPPROTO_TCP, (uint16_t)port, 0);
}

Test(listener, ranges_are_read_only_if_the_configuration_has_any)
{
	_cleanup_program_ struct program program;
	struct port_ranges any = { .count = 1, .range = { { 0, 65535, 1 } } };
	struct listener_entry entry;

	program_open(&program);
	entry = add_listener(&program, 10);
	program_set_listener_ranges(&program, "192.0.2.50", IPPROTO_TCP, &any);
	program_set_listener(&program, range_key("192.0.2.50", IPPROTO_TCP, 1), &entry);
	set_flags(&program, 0);
	expect_listener(&program, "192.0.2.50", IPPROTO_TCP, 80, 0);
	set_flags(&program, CONFIG_HAS_RANGES);
	expect_listener(&program, "192.0.2.50", IPPROTO_TCP, 80, 10);
}

/* It is there only for the daemon. To packets it is as if it were not: a range around it counts. */
Test(listener, a_removed_one_is_none)
{
	struct port_ranges any = { .count = 1, .range = { { 0, 65535, 9 } } };
	_cleanup_program_ struct program program;

	program_open(&program);
	set_flags(&program, CONFIG_HAS_RANGES);
	for (int i = 0; i < 4; i++) {
		const char *addr = site[i & 1].vip;
		uint8_t protocol = site_protocols[i >> 1];
		struct listener_entry exact = add_listener(&program, 10), range;

		range = add_listener(&program, 11);
		exact.flags = LISTENER_REMOVED | LISTENER_TRACKED;
		program_set_listener(&program, port_key(addr, protocol, 443), &exact);
		expect_listener(&program, addr, protocol, 443, 0);
		program_set_listener_ranges(&program, addr, protocol, &any);
		program_set_listener(&program, range_key(addr, protocol, 9), &range);
		expect_listener(&program, addr, protocol, 443, 11);
		range.flags = LISTENER_REMOVED | LISTENER_KEEPS_PORT;
		program_set_listener(&program, range_key(addr, protocol, 9), &range);
		expect_listener(&program, addr, protocol, 443, 0);
		expect_listener(&program, addr, protocol, 444, 0);
		exact.flags = 0;
		program_set_listener(&program, port_key(addr, protocol, 443), &exact);
		expect_listener(&program, addr, protocol, 443, 10);
	}
}
