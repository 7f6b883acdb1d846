// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The site with several targets: see crowd.h. */
#include "crowd.h"

#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <stdio.h>

enum { FIRST_INDEX = 100, TEXT_SIZE = 24 };

static uint32_t index_of(bool is_v6, uint32_t number)
{
	cr_assert(number && number <= CROWD_MAX);
	return FIRST_INDEX + is_v6 * CROWD_MAX + number;
}

static const char *address_of(bool is_v6, uint32_t number)
{
	static char texts[2][CROWD_MAX + 1][TEXT_SIZE];
	char *text = texts[is_v6][number];

	if (!*text)
		snprintf(text, TEXT_SIZE, is_v6 ? "2001:db8:1::%x" : "10.1.0.%u", number);
	return text;
}

uint32_t crowd_id(bool is_v6, uint32_t number)
{
	return number ? TARGET_ID(index_of(is_v6, number), 1) : 0;
}

struct target_entry crowd_target(bool is_v6, uint32_t number)
{
	struct target_entry entry = site_target(is_v6, FORWARDING_NAT);

	entry.addr = port_key(address_of(is_v6, number), 0, 0).addr;
	return entry;
}

void crowd_set_target(struct program *program, bool is_v6, uint32_t number,
		      const struct target_entry *entry)
{
	program_set_target(program, index_of(is_v6, number), entry);
}

void crowd_set_up(struct program *program, uint32_t targets)
{
	cr_assert_eq(program->rings, 0);
	site_set_up(program, FORWARDING_NAT);
	for (uint32_t number = 1; number <= targets; number++) {
		for (int is_v6 = 0; is_v6 < 2; is_v6++) {
			struct target_entry entry = crowd_target(is_v6, number);

			crowd_set_target(program, is_v6, number, &entry);
			address_of(is_v6, number);	/* so that threads only read it */
		}
	}
}

static uint32_t ring_base(bool is_v6)
{
	return (uint32_t)is_v6 << RING_BITS_MIN;
}

void crowd_set_slots(struct program *program, bool is_v6, union slot slot)
{
	for (uint32_t i = 0; i < 1 << RING_BITS_MIN; i++)
		program_set_slot(program, ring_base(is_v6) + i, slot);
}

void crowd_set_listener(struct program *program, bool is_v6, uint8_t protocol, uint8_t flags,
			uint16_t idle_timeout)
{
	struct listener_entry entry = {
		.id = site_listener_id(is_v6, protocol),
		.ring_base = ring_base(is_v6),
		.ring_shift = 64 - RING_BITS_MIN,
		.flags = flags,
		.idle_timeout = idle_timeout,
	};

	program_set_listener(program, port_key(site[is_v6].vip, protocol, VIP_PORT), &entry);
}

struct packet_spec crowd_natted(const struct packet_spec *packet, uint32_t number)
{
	struct packet_spec natted = site_natted(packet);

	natted.dst = address_of(spec_is_v6(packet), number);
	return natted;
}

void crowd_expect(struct program *program, const char *title, const struct packet_spec *packet,
		  uint32_t number)
{
	struct packet_spec natted;

	if (!number) {
		expect_packet(program, title, packet, REASON_NO_TARGET, 0, NULL);
		return;
	}
	natted = crowd_natted(packet, number);
	expect_packet(program, title, packet, REASON_FORWARDED, XDP_TX, &natted);
}
