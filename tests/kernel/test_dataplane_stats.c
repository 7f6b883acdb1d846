// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* dataplane/dataplane_stats.c: rings and flows, as the last sweep of real maps saw them. */
#include "dataplane/dataplane.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "dataplane/dataplane_parts.h"
#include "dataplane/loader.h"
#include "dataplane/maps.h"
#include "model/model.h"
#include "parse_model.h"
#include "sandbox.h"

enum { BUCKETS = 1024 };

static const char model_text[] =
	"listeners:\n"
	"  - { name: web, address: 192.0.2.1, protocol: tcp, port: 80, group: web }\n"
	"  - { name: web-udp, address: 192.0.2.1, protocol: udp, port: 80, group: web }\n"
	"  - { name: six, address: \"2001:db8::1\", protocol: tcp, port: 80, group: six }\n"
	"groups:\n"
	"  - { name: web, targets: [{ address: 10.0.0.1, port: 80 }, { address: 10.0.0.2, port: 80 }]}\n"
	"  - { name: six, targets: [{ address: \"fd00::1\", port: 80 }] }\n";

static struct dataplane *dp;
static struct model *model;
static struct group *web, *six;

static void set_up(void)
{
	char pin_dir[64];
	const char *const interfaces[] = { "eth0" };
	const struct dataplane_options options = {
		.interfaces = interfaces,
		.interface_count = 1,
		.pin_dir = pin_dir,
		.flow_buckets = BUCKETS,
	};
	struct err err = { 0 };

	snprintf(pin_dir, sizeof(pin_dir), "%s/sluice", sandbox_enter());
	sandbox_run("ip link add eth0 type veth peer name peer0 && ip link set eth0 up");
	cr_assert_eq(dataplane_open(&options, &dp, &err), 0, "%s", err.text);
	model = parse_model(model_text);
	web = model_find_group(model, "web");
	six = model_find_group(model, "six");
	for (size_t i = 0; i < 3; i++) {
		struct target *target = i < 2 ? &web->targets[i] : &six->targets[0];

		target->state = TARGET_HEALTHY;
		target->hop.state = HOP_RESOLVED;
	}
	model_settle(model, wall_ms());
	cr_assert_eq(dataplane_apply(dp, model, &err), 0, "%s", err.text);
}

static void tear_down(void)
{
	model_free(&model);
	dataplane_close(&dp);
}

static void sweep(void)
{
	bool settled;

	cr_assert_eq(dataplane_sweep(dp, &settled), 0);
}

static uint32_t id_of(const struct group *group, const struct target *target)
{
	return image_target_id(image_find_target(dp->image, group->name, &target->addr,
						 target->port));
}

static union flow *entry(size_t i)
{
	return &loader_maps(dp->loader)->flows[BUCKETS - 1 - i].flow[FLOWS_PER_BUCKET - 1];
}

static void record(size_t i, uint32_t target, enum flow_state state, uint64_t age)
{
	*entry(i) = (union flow){ .tag = (uint32_t)i, .target = target, .state = state,
				  .seen = (uint16_t)(monotonic_ms() / 1000 - age) };
}

static union flow read_entry(size_t i)
{
	uint32_t bucket = (uint32_t)(BUCKETS - 1 - i);
	struct flow_bucket value;

	cr_assert_eq(bpf_map_lookup_elem(loader_maps(dp->loader)->fd[MAP_FLOWS], &bucket, &value),
		     0);
	return value.flow[FLOWS_PER_BUCKET - 1];
}

TestSuite(dataplane_stats, .init = set_up, .fini = tear_down);

Test(dataplane_stats, a_sweep_counts_flows_and_frees_what_means_nothing_in_the_real_table)
{
	const struct target *first = &web->targets[0], *second = &web->targets[1];
	struct flow_info flows;

	record(0, id_of(web, first), FLOW_ESTABLISHED, 0);
	record(1, id_of(web, first), FLOW_EMBRYONIC, 10);
	record(2, id_of(six, &six->targets[0]), FLOW_ADOPTED, 0);
	record(3, 0, FLOW_ADOPTED, 0);
	record(4, id_of(web, second), FLOW_ESTABLISHED, 10000);
	record(5, TARGET_ID(TARGETS_MAX - 1, 7), FLOW_ESTABLISHED, 0);
	sweep();
	dataplane_flows(dp, &flows);
	cr_expect_eq(flows.capacity, BUCKETS * FLOWS_PER_BUCKET);
	cr_expect_eq(flows.entries[FLOW_EMBRYONIC], 1);
	cr_expect_eq(flows.entries[FLOW_ADOPTED], 1);
	cr_expect_eq(flows.entries[FLOW_ESTABLISHED], 1);
	cr_expect_eq(flows.direct, 1);
	cr_expect_eq(dataplane_target_flows(dp, web, first), 2);
	cr_expect_eq(dataplane_target_flows(dp, web, second), 0);
	cr_expect_eq(dataplane_target_flows(dp, six, &six->targets[0]), 1);
	for (size_t i = 0; i < 6; i++)
		cr_expect_eq(read_entry(i).state == FLOW_FREE, i >= 4, "%zu", i);
}

Test(dataplane_stats, events_are_summed_over_the_cpus)
{
	int fd = loader_maps(dp->loader)->fd[MAP_FLOW_EVENTS];
	uint64_t cpus = (uint64_t)libbpf_num_possible_cpus(), values[cpus];
	struct flow_info flows;

	for (uint32_t event = 0; event < FLOW_EVENT_COUNT; event++) {
		for (uint64_t cpu = 0; cpu < cpus; cpu++)
			values[cpu] = event + 1;
		cr_assert_eq(bpf_map_update_elem(fd, &event, values, BPF_ANY), 0);
	}
	dataplane_flows(dp, &flows);
	for (uint64_t event = 0; event < FLOW_EVENT_COUNT; event++)
		cr_expect_eq(flows.events[event], cpus * (event + 1));
}

/* Until a sweep has looked, whoever is known counts as remembered. */
Test(dataplane_stats, a_target_is_remembered_by_slots_and_by_flows)
{
	const struct target *first = &web->targets[0];
	struct target second = web->targets[1];
	struct err err = { 0 };

	cr_expect(dataplane_remembers(dp, web, &second));
	sweep();
	cr_expect_not(dataplane_remembers(dp, web, &second));
	record(0, id_of(web, &second), FLOW_ESTABLISHED, 0);
	sweep();
	cr_expect(dataplane_remembers(dp, web, &second));
	*entry(0) = (union flow){ .word = 0 };

	/* Flows that nobody has recorded are on it where it is gone from the ring. */
	group_find_target(web, &second.addr, second.port)->weight = 0;
	cr_assert_eq(dataplane_apply(dp, model, &err), 0, "%s", err.text);
	sweep();
	cr_expect(dataplane_remembers(dp, web, &second));
	cr_expect_not(dataplane_remembers(dp, web, first));
	cr_expect_eq(dataplane_target_flows(dp, web, &second), 0);
	second.port++;
	cr_expect_not(dataplane_remembers(dp, web, &second));
}

Test(dataplane_stats, slots_are_counted_by_condition)
{
	struct err err = { 0 };
	struct ring_info *rings;
	size_t count;

	web->targets[0].weight = 0;
	cr_assert_eq(dataplane_apply(dp, model, &err), 0, "%s", err.text);
	rings = calloc(dataplane_rings(dp, NULL, 0), sizeof(*rings));
	count = dataplane_rings(dp, rings, dataplane_rings(dp, NULL, 0));
	cr_assert_eq(count, 2);		/* one row for a routing, however many rings it has */
	cr_expect_str_eq(rings[0].routing, "six");
	cr_expect_eq(rings[0].slots[SLOT_LEARNING] + rings[0].slots[SLOT_TRACKING], 0);
	cr_expect_str_eq(rings[1].routing, "web");
	cr_expect_gt(rings[1].slots[SLOT_LEARNING], 0);
	cr_expect_gt(rings[1].slots[SLOT_STABLE], 0);
	cr_expect_eq(rings[1].slots[SLOT_TRACKING], 0);
	free(rings);
}

/*
 * ---- without a kernel -------------------------------------------------------------------------
 */

static void add_ring(struct image *image, const char *name, enum slot_condition condition,
		     double imbalance)
{
	struct image_ring *ring = table_add(&image->rings, sizeof(*ring));

	ring->bits = RING_BITS_MIN;
	ring->slots = ring_slots_new(ring->bits);
	ring->slots->slot[0].condition = condition;
	ring->slots->unsettled = condition != SLOT_STABLE;
	ring->slots->imbalance = imbalance;
	ring->name = name ? strdup(name) : NULL;
}

Test(dataplane_rings, the_rings_of_a_routing_are_one_row)
{
	_cleanup_(image_free) struct image *image = image_new();
	const struct dataplane bare = { .image = image };
	struct ring_info rings[8];

	cr_assert_eq(dataplane_rings(&bare, rings, ARRAY_SIZE(rings)), 0);
	add_ring(image, "web", SLOT_LEARNING, 0.25);
	add_ring(image, NULL, SLOT_TRACKING, 1);	/* of a listener that was removed */
	add_ring(image, "dns", SLOT_STABLE, 0.125);
	add_ring(image, "web", SLOT_TRACKING, 0.5);
	add_ring(image, "web", SLOT_STABLE, 0);
	cr_assert_geq(dataplane_rings(&bare, NULL, 0), 4);
	cr_assert_eq(dataplane_rings(&bare, rings, ARRAY_SIZE(rings)), 2);
	cr_expect_str_eq(rings[0].routing, "dns");
	cr_expect_eq(rings[0].slots[SLOT_STABLE], 128);
	cr_expect_str_eq(rings[1].routing, "web");
	cr_expect_eq(rings[1].slots[SLOT_STABLE], 3 * 128 - 2);
	cr_expect_eq(rings[1].slots[SLOT_LEARNING], 1);
	cr_expect_eq(rings[1].slots[SLOT_TRACKING], 1);
	cr_expect_eq(rings[1].imbalance, 0.5);
}
