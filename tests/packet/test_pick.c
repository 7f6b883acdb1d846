// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the flow to the target: the slot, and every way in which maps may name no usable target. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "flows.h"
#include "program.h"
#include "site.h"

enum { SLOTS = 1 << RING_BITS_MIN };

/* The slot that the flow's hash names. */
static uint32_t reference_slot(const struct program *program, const struct packet_spec *packet)
{
	return (uint32_t)(flows_hash(program, packet) >> (64 - RING_BITS_MIN));
}

/* Target i, of slot i, is 10.1.0.i or 2001:db8:1::i. */
static void add_targets(struct program *program, bool is_v6, uint32_t ids[SLOTS])
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct target_entry target = site_target(is_v6, FORWARDING_NAT);
		uint32_t index = 1000 * (1 + is_v6) + i;

		target.addr = port_key(is_v6 ? "2001:db8:1::" : "10.1.0.0", 0, 0).addr;
		target.addr.word[3] |= htonl(i);
		program_set_target(program, index, &target);
		ids[i] = TARGET_ID(index, 1);
	}
}

static const char *target_of_slot(bool is_v6, uint32_t slot, char *text)
{
	struct addr addr = port_key(is_v6 ? "2001:db8:1::" : "10.1.0.0", 0, 0).addr;

	addr.word[3] |= htonl(slot);
	return addr_format(&addr, text);
}

Test(pick, the_slot_is_named_by_the_top_bits_of_the_hash)
{
	_cleanup_program_ struct program program;
	bool seen[SLOTS] = {};

	program_open(&program);
	for (int i = 0; i < 4; i++) {
		bool is_v6 = i & 1;
		uint8_t protocol = site_protocols[i >> 1];
		struct listener_entry listener;
		uint32_t ids[SLOTS];

		add_targets(&program, is_v6, ids);
		listener = program_add_ring(&program, ids, SLOTS);
		program_set_listener(&program, port_key(site[is_v6].vip, protocol, VIP_PORT),
				     &listener);
		for (uint16_t port = 1; port < 700; port++) {
			struct packet_spec packet = site_packet(is_v6, protocol), natted;
			char text[ADDR_TEXT_SIZE];
			uint32_t slot;

			packet.sport = port;
			slot = reference_slot(&program, &packet);
			seen[slot] = true;
			natted = site_natted(&packet);
			natted.dst = target_of_slot(is_v6, slot, text);
			expect_packet(&program, "slot", &packet, REASON_FORWARDED, XDP_TX, &natted);
		}
	}
	for (int slot = 0; slot < SLOTS; slot++)
		cr_assert(seen[slot], "slot %d", slot);
}

Test(pick, another_secret_names_other_slots)
{
	_cleanup_program_ struct program program;
	struct packet_spec packet = site_packet(false, IPPROTO_TCP), natted;
	struct listener_entry listener;
	char text[ADDR_TEXT_SIZE];
	uint32_t ids[SLOTS], slots[2];

	program_open(&program);
	add_targets(&program, false, ids);
	listener = program_add_ring(&program, ids, SLOTS);
	program_set_listener(&program, port_key(packet.dst, IPPROTO_TCP, VIP_PORT), &listener);
	for (int i = 0; i < 2; i++) {
		slots[i] = reference_slot(&program, &packet);
		natted = site_natted(&packet);
		natted.dst = target_of_slot(false, slots[i], text);
		expect_packet(&program, "secret", &packet, REASON_FORWARDED, XDP_TX, &natted);
		program.config.hash_secret[1] ^= 0x100;
		program_configure(&program);
	}
	cr_assert_neq(slots[0], slots[1]);
}

Test(pick, a_slot_without_a_target_drops)
{
	_cleanup_program_ struct program program;
	struct packet_spec packet = site_packet(false, IPPROTO_TCP);
	struct listener_entry listener;
	uint32_t none = 0;

	program_open(&program);
	listener = program_add_ring(&program, &none, 1);
	program_set_listener(&program, port_key(packet.dst, IPPROTO_TCP, VIP_PORT), &listener);
	expect_packet(&program, "empty slot", &packet, REASON_NO_TARGET, 0, NULL);
}

Test(pick, a_ring_beyond_the_map_drops)
{
	_cleanup_program_ struct program program;
	struct packet_spec packet = site_packet(false, IPPROTO_TCP);
	struct listener_entry listener = { .id = 1, .ring_base = 0xffffff00, .ring_shift = 57 };

	program_open(&program);
	program_set_listener(&program, port_key(packet.dst, IPPROTO_TCP, VIP_PORT), &listener);
	expect_packet(&program, "beyond", &packet, REASON_NO_TARGET, 0, NULL);
	memset(&listener, 0, sizeof(listener));
	program_set_listener(&program, port_key(packet.dst, IPPROTO_TCP, VIP_PORT), &listener);
	expect_packet(&program, "zeroed listener", &packet, REASON_NO_TARGET, 0, NULL);
}

/* What a change of one field of the target's entry makes of its packets. */
static void expect_unusable(enum reason reason, void (*change)(struct target_entry *target))
{
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec packet = site_packet(is_v6, IPPROTO_TCP);
		struct target_entry target = site_target(is_v6, FORWARDING_NAT);
		struct traffic traffic;

		change(&target);
		program_set_target(&program, site_target_index(is_v6), &target);
		expect_packet(&program, "unusable", &packet, reason, 0, NULL);
		program_get_target_traffic(&program, site_target_index(is_v6), &traffic);
		cr_assert_eq(traffic.packets, 0);
	}
}

static void next_generation(struct target_entry *target)
{
	target->generation++;
}

Test(pick, an_entry_of_another_generation_drops)
{
	expect_unusable(REASON_STALE_TARGET, next_generation);
}

static void not_in_use(struct target_entry *target)
{
	target->forwarding = FORWARDING_NONE;
	target->ifindex = 0;
}

Test(pick, an_entry_not_in_use_drops)
{
	expect_unusable(REASON_STALE_TARGET, not_in_use);
}

static void unheard_of(struct target_entry *target)
{
	target->forwarding = FORWARDING_COUNT;
}

Test(pick, a_way_of_forwarding_unheard_of_drops)
{
	expect_unusable(REASON_STALE_TARGET, unheard_of);
}

static void other_ip_version(struct target_entry *target)
{
	bool is_v6 = !addr_is_v4(&target->addr);

	target->addr = port_key(site[!is_v6].target, 0, 0).addr;
}

Test(pick, a_target_of_the_other_ip_version_drops)
{
	expect_unusable(REASON_STALE_TARGET, other_ip_version);
}

static void zeroed(struct target_entry *target)
{
	memset(target, 0, sizeof(*target));
}

Test(pick, a_zeroed_entry_drops)
{
	expect_unusable(REASON_STALE_TARGET, zeroed);
}

static void without_next_hop(struct target_entry *target)
{
	target->ifindex = 0;
	target->mtu = 0;
}

Test(pick, a_target_without_next_hop_drops)
{
	expect_unusable(REASON_NO_NEXT_HOP, without_next_hop);
}
