// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The flow table in packet tests: see flows.h. */
#include "flows.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "ref_siphash.h"
#include "sluice.skel.h"

uint64_t flows_hash(const struct program *program, const struct packet_spec *packet)
{
	bool is_v6 = spec_is_v6(packet);
	int family = is_v6 ? AF_INET6 : AF_INET;
	uint16_t ports[2] = { htons(packet->sport), htons(packet->dport) };
	uint8_t bytes[37], *at = bytes;

	cr_assert_eq(inet_pton(family, packet->src, at), 1);
	at += is_v6 ? 16 : 4;
	cr_assert_eq(inet_pton(family, packet->dst, at), 1);
	at += is_v6 ? 16 : 4;
	at = mempcpy(at, ports, sizeof(ports));
	*at++ = packet->protocol;
	return ref_siphash(1, 3, (const uint8_t *)program->config.hash_secret, bytes,
			   (size_t)(at - bytes));
}

uint32_t flows_tag(const struct program *program, const struct packet_spec *packet)
{
	return (uint32_t)(flows_hash(program, packet) >> (64 - FLOW_TAG_BITS));
}

struct flow_bucket *flows_bucket(const struct program *program, const struct packet_spec *packet)
{
	return &program->flows[flows_hash(program, packet) & program->config.flow_bucket_mask];
}

size_t flows_find(const struct program *program, const struct packet_spec *packet,
		  union flow **entry)
{
	struct flow_bucket *bucket = flows_bucket(program, packet);
	uint32_t tag = flows_tag(program, packet);
	size_t found = 0;

	for (size_t i = 0; i < FLOWS_PER_BUCKET; i++) {
		if (bucket->flow[i].state == FLOW_FREE || bucket->flow[i].tag != tag)
			continue;
		*entry = &bucket->flow[i];
		found++;
	}
	return found;
}

void flows_clear(struct program *program)
{
	memset(program->flows, 0, TEST_FLOW_BUCKETS * sizeof(*program->flows));
}

uint32_t flows_now(const struct program *program)
{
	return (uint32_t)(clock_ms(CLOCK_MONOTONIC_COARSE) / 1000) + program->config.clock_offset;
}

void flows_get_events(const struct program *program, uint64_t events[FLOW_EVENT_COUNT])
{
	int map_fd = bpf_map__fd(program->skeleton->maps.flow_events);

	for (uint32_t i = 0; i < FLOW_EVENT_COUNT; i++) {
		uint64_t per_cpu[program->cpus];

		cr_assert_eq(bpf_map_lookup_elem(map_fd, &i, per_cpu), 0);
		events[i] = 0;
		for (int cpu = 0; cpu < program->cpus; cpu++)
			events[i] += per_cpu[cpu];
	}
}
