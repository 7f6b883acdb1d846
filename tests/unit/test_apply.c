// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/apply.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dataplane/compile.h"
#include "dataplane/image.h"
#include "fake_maps.h"
#include "model/model.h"
#include "parse_model.h"

enum { NOW_MS = 1000000 };

static const struct compile_options now = { .now = NOW_MS / 1000 };

/* ---- what must hold after every single write -------------------------------------------------- */

static void check_slots(const struct fake_maps *maps, const struct listener_entry *listener)
{
	if (listener->flags & LISTENER_REMOVED)
		return;		/* no packet meets it */
	for (uint32_t i = 0; i < 1u << (64 - listener->ring_shift); i++) {
		union slot slot = { .word = maps->slots[listener->ring_base + i] };
		uint32_t index = TARGET_INDEX(slot.current);
		const struct target_entry *target = fake_maps_find(maps, MAP_TARGETS, &index);

		if (!slot.current)
			continue;
		cr_assert_not_null(target, "slot %u names target %u, which has no entry", i, index);
		cr_assert_neq(target->forwarding, FORWARDING_NONE);
		cr_assert_eq(target->generation, TARGET_GENERATION(slot.current));
	}
}

static void check_ranges(const struct fake_maps *maps, const struct fake_entry *entry,
			 enum map_id owners)
{
	const struct port_ranges *ranges = (const void *)entry->value;
	struct endpoint_key key;

	memcpy(&key, entry->key, sizeof(key));
	for (uint32_t i = 0; i < ranges->count; i++) {
		key.is_range = 1;
		key.range = ranges->range[i].number;
		cr_assert_not_null(fake_maps_find(maps, owners, &key),
				   "range %u-%u leads to no entry", ranges->range[i].first,
				   ranges->range[i].last);
	}
}

static void check_config(const struct fake_maps *maps)
{
	const uint32_t zero = 0;
	const struct config *config = fake_maps_find(maps, MAP_CONFIG, &zero);

	if (fake_maps_count(maps, MAP_REPLIES))
		cr_assert(config->flags & CONFIG_HAS_NAT);
	if (fake_maps_count(maps, MAP_LISTENER_RANGES))
		cr_assert(config->flags & CONFIG_HAS_RANGES);
}

static void check_everything(const struct fake_maps *maps)
{
	check_config(maps);
	for (size_t i = 0; i < maps->count; i++) {
		const struct fake_entry *entry = &maps->entries[i];

		if (entry->map == MAP_LISTENERS)
			check_slots(maps, (const void *)entry->value);
		else if (entry->map == MAP_LISTENER_RANGES)
			check_ranges(maps, entry, MAP_LISTENERS);
		else if (entry->map == MAP_REPLY_RANGES)
			check_ranges(maps, entry, MAP_REPLIES);
	}
}

/* ---- the maps hold exactly the image ---------------------------------------------------------- */

static void check_target(const struct fake_maps *maps, const struct image_target *row)
{
	const void *entry = fake_maps_find(maps, MAP_TARGETS, &row->index);
	const void *label = fake_maps_find(maps, MAP_TARGET_LABELS, &row->index);

	cr_assert(entry && !memcmp(entry, &row->entry, sizeof(row->entry)));
	cr_assert(label && !memcmp(label, &row->label, sizeof(row->label)));
}

static size_t targets_in_use(const struct fake_maps *maps)
{
	size_t count = 0;

	for (size_t i = 0; i < maps->count; i++) {
		const struct target_entry *target = (const void *)maps->entries[i].value;

		count += maps->entries[i].map == MAP_TARGETS && target->forwarding;
	}
	return count;
}

static void check_keyed(const struct fake_maps *maps, enum map_id map, const struct table *table,
			size_t row_size, size_t value_size)
{
	const char *row = table->rows;

	cr_assert_eq(fake_maps_count(maps, map), table->count);
	for (size_t i = 0; i < table->count; i++, row += row_size) {
		const void *value = fake_maps_find(maps, map, row);

		cr_assert(value && !memcmp(value, row + sizeof(struct endpoint_key), value_size));
	}
}

static void check_equal(const struct fake_maps *maps, const struct image *image)
{
	const struct image_target *targets = image->targets.rows;
	const struct image_ring *rings = image->rings.rows;
	const uint32_t zero = 0;

	for (size_t i = 0; i < image->targets.count; i++)
		check_target(maps, &targets[i]);
	cr_assert_eq(targets_in_use(maps), image->targets.count);
	for (size_t i = 0; i < image->rings.count; i++) {
		for (uint32_t j = 0; j < 1u << rings[i].bits; j++)
			cr_assert_eq(maps->slots[rings[i].base + j],
				     rings[i].slots->slot[j].word);
	}
	check_keyed(maps, MAP_LISTENERS, &image->listeners, sizeof(struct image_listener),
		    sizeof(struct listener_entry));
	check_keyed(maps, MAP_REPLIES, &image->replies, sizeof(struct image_reply),
		    sizeof(struct reply_entry));
	check_keyed(maps, MAP_LISTENER_RANGES, &image->listener_ranges, sizeof(struct image_ranges),
		    sizeof(struct port_ranges));
	check_keyed(maps, MAP_REPLY_RANGES, &image->reply_ranges, sizeof(struct image_ranges),
		    sizeof(struct port_ranges));
	cr_assert_eq(memcmp(fake_maps_find(maps, MAP_CONFIG, &zero), &image->config,
			    sizeof(image->config)), 0);
}

/* ---- random models ---------------------------------------------------------------------------- */

static unsigned pick(unsigned *seed, unsigned below)
{
	return (unsigned)rand_r(seed) % below;
}

static void print_groups(FILE *yaml, unsigned *seed)
{
	fprintf(yaml, "groups:\n");
	for (int group = 0; group < 3; group++) {
		fprintf(yaml, "  - { name: g%d, forwarding: %s, targets: [", group,
			group == 2 ? "ipip" : "nat");
		for (unsigned i = 0, count = 0; i < 6; i++) {
			if (pick(seed, 2))
				fprintf(yaml, "%s{ address: 10.0.%d.%u, port: 80, weight: %u }",
					count++ ? ", " : "", group, i, 1 + pick(seed, 3));
		}
		fprintf(yaml, "] }\n");
	}
}

/* Every listener has groups of its own, so that replies are never ambiguous. */
static struct model *random_model(unsigned *seed)
{
	static const char *const ports[] = { "80", "81", "100-200", "any" };
	char *text = NULL;
	size_t size;
	FILE *yaml = open_memstream(&text, &size);
	struct model *model;

	fprintf(yaml, "hash_secret: '%032d'\nlisteners:\n", 1 + (int)pick(seed, 2));
	for (int i = 0; i < 3; i++) {
		if (pick(seed, 4))
			fprintf(yaml, "  - { name: l%d, address: 192.0.2.%d, protocol: %s, port: %s, group: g%d }\n",
				i, i + 1, i == 1 ? "udp" : "tcp", ports[pick(seed, 4)], i);
	}
	if (pick(seed, 2))
		fprintf(yaml, "  - { name: both, address: 192.0.2.3, protocol: udp, port: %s, groups: { g2: %u } }\n",
			ports[pick(seed, 4)], pick(seed, 3));
	print_groups(yaml, seed);
	fclose(yaml);
	if (strstr(text, "listeners:\ngroups"))
		memcpy(strstr(text, "listeners:"), "#istener", 8);
	model = parse_model(text);
	free(text);
	for (size_t i = 0; i < model->group_count; i++) {
		for (size_t j = 0; j < model->groups[i].target_count; j++)
			model->groups[i].targets[j].state = pick(seed, TARGET_STATE_COUNT);
	}
	return model;
}

static struct image *compile_over(struct model *model, const struct image *current)
{
	struct image *next = NULL;
	struct err err = { 0 };

	model_settle(model, NOW_MS);
	cr_assert_eq(compile(model, current, &now, &next, &err), 0, "%s", err.text);
	model_free(&model);
	return next;
}

struct world {
	struct fake_maps maps;
	struct map_writer writer;
	struct image *image;
	unsigned seed;
};

static void world_init(struct world *world, unsigned seed)
{
	fake_maps_init(&world->maps);
	world->writer = fake_maps_writer(&world->maps);
	world->image = image_new();
	world->seed = seed;
}

static void world_clean(struct world *world)
{
	fake_maps_clean(&world->maps);
	image_free(&world->image);
}

/* Applies a random model; the result of apply. */
static int step(struct world *world, struct err *err)
{
	struct image *next = compile_over(random_model(&world->seed), world->image);
	int r = apply(&world->writer, world->image, next, err);

	if (!r) {
		image_free(&world->image);
		world->image = next;
	} else {
		image_free(&next);
	}
	return r;
}

Test(apply, every_packet_meets_complete_entries_at_every_moment)
{
	struct err err = { 0 };
	struct world world;

	for (unsigned seed = 1; seed <= 20; seed++) {
		world_init(&world, seed);
		world.maps.written = check_everything;
		for (int i = 0; i < 12; i++) {
			cr_assert_eq(step(&world, &err), 0, "seed %u: %s", seed, err.text);
			check_equal(&world.maps, world.image);
		}
		world_clean(&world);
	}
}

Test(apply, a_failed_write_is_undone_wherever_it_happens)
{
	struct world world;

	world_init(&world, 42);
	cr_assert_eq(step(&world, NULL), 0);
	for (unsigned at = 1, failures = 0;; at++) {
		struct err err = { 0 };

		world.maps.written = check_everything;
		world.maps.writes = 0;
		world.maps.fail_at = at;
		if (step(&world, &err)) {
			cr_assert_eq(err.code, ENOMEM);
			cr_assert(strstr(err.text, "nothing was changed: writing "), "%s", err.text);
			failures++;
		} else if (failures > 30) {
			break;
		}
		check_equal(&world.maps, world.image);
	}
	world_clean(&world);
}

/* Fails every write from the first one on. */
static int always_fail(void *context, enum map_id map, const void *key, const void *value)
{
	(void)context;
	(void)map;
	(void)key;
	(void)value;
	return -EIO;
}

Test(apply, says_so_when_undoing_fails_too)
{
	struct err err = { 0 };
	struct world world;

	world_init(&world, 1);
	world.writer.update = always_fail;
	cr_assert_eq(step(&world, &err), -ENOTRECOVERABLE);
	cr_assert_str_eq(err.text, "writing configuration to the maps failed: Input/output error");
	world_clean(&world);
}

Test(apply, nothing_is_written_but_the_configuration_when_nothing_changed)
{
	struct world world;
	struct image *same;

	world_init(&world, 3);
	cr_assert_eq(step(&world, NULL), 0);
	world.seed = 3;
	same = compile_over(random_model(&world.seed), world.image);
	world.maps.writes = 0;
	cr_assert_eq(apply(&world.writer, world.image, same, NULL), 0);
	cr_assert_eq(world.maps.writes, 2);
	image_free(&same);
	world_clean(&world);
}

#define ONE_GROUP(targets)                                                                     \
	"listeners:\n"                                                                         \
	"  - { name: web, address: 192.0.2.1, protocol: tcp, port: 80, group: web }\n"         \
	"groups:\n"                                                                            \
	"  - { name: web, targets: [" targets "] }\n"

static void apply_yaml(struct world *world, const char *yaml)
{
	struct image *next = compile_over(parse_model(yaml), world->image);

	cr_assert_eq(apply(&world->writer, world->image, next, NULL), 0);
	image_free(&world->image);
	world->image = next;
}

Test(apply, waits_for_packets_on_their_way_before_an_index_becomes_free)
{
	struct world world;

	world_init(&world, 0);
	apply_yaml(&world, ONE_GROUP("{ address: 10.0.0.1, port: 80 }"));
	cr_assert_eq(world.maps.waits, 0);
	apply_yaml(&world, ONE_GROUP("{ address: 10.0.0.2, port: 80 }"));
	cr_assert_eq(world.maps.waits, 1);
	world_clean(&world);
}

Test(apply, a_new_owner_of_an_index_starts_counting_at_zero)
{
	const struct traffic counted = { .packets = 5 };
	struct world world;
	uint32_t index;

	world_init(&world, 0);
	apply_yaml(&world, ONE_GROUP("{ address: 10.0.0.1, port: 80 }"));
	index = ((const struct image_target *)world.image->targets.rows)->index;
	world.writer.update(world.writer.context, MAP_TARGET_TRAFFIC, &index, &counted);
	apply_yaml(&world, ONE_GROUP(""));
	world.image->next_index = index;
	apply_yaml(&world, ONE_GROUP("{ address: 10.0.0.2, port: 80 }"));
	cr_assert_eq(((const struct image_target *)world.image->targets.rows)->index, index);
	cr_assert_eq(((const struct traffic *)fake_maps_find(&world.maps, MAP_TARGET_TRAFFIC,
							      &index))->packets, 0);
	world_clean(&world);
}

Test(apply, the_generation_of_a_target_outlives_it_in_the_maps)
{
	const struct image_target *target;
	const struct target_entry *entry;
	struct world world;
	uint32_t index;
	uint8_t generation;

	world_init(&world, 0);
	apply_yaml(&world, ONE_GROUP("{ address: 10.0.0.1, port: 80 }"));
	target = world.image->targets.rows;
	index = target->index;
	generation = target->entry.generation;
	apply_yaml(&world, ONE_GROUP(""));
	entry = fake_maps_find(&world.maps, MAP_TARGETS, &index);
	cr_assert_eq(entry->forwarding, FORWARDING_NONE);
	cr_assert_eq(entry->generation, generation);
	world_clean(&world);
}

Test(apply, a_change_of_weight_leaves_the_counters_alone)
{
	const struct traffic counted = { .packets = 5 };
	struct world world;
	uint32_t index;

	world_init(&world, 0);
	apply_yaml(&world, ONE_GROUP("{ address: 10.0.0.1, port: 80 }"));
	index = ((const struct image_target *)world.image->targets.rows)->index;
	world.writer.update(world.writer.context, MAP_TARGET_TRAFFIC, &index, &counted);
	apply_yaml(&world, ONE_GROUP("{ address: 10.0.0.1, port: 80, weight: 9 }"));
	cr_assert_eq(((const struct traffic *)fake_maps_find(&world.maps, MAP_TARGET_TRAFFIC,
							      &index))->packets, 5);
	world_clean(&world);
}

#define LISTENER(name, port)                                                                   \
	"  - { name: " name ", address: 192.0.2.1, protocol: tcp, port: " port ", group: web }\n"
#define WEB                                                                                    \
	"groups:\n"                                                                            \
	"  - { name: web, forwarding: ipip, targets: [{ address: 10.0.0.1, port: 80 }] }\n"
#define ONE_LISTENER(port) "listeners:\n" LISTENER("web", port) WEB

static uint64_t counted_packets(struct world *world, enum map_id map, uint32_t index)
{
	const struct traffic *traffic = fake_maps_find(&world->maps, map, &index);

	cr_assert_not_null(traffic);
	return traffic->packets;
}

Test(apply, a_new_owner_of_a_listener_id_starts_counting_at_zero)
{
	const struct traffic counted = { .packets = 5 };
	struct world world;
	uint32_t id;

	world_init(&world, 0);
	apply_yaml(&world, ONE_LISTENER("80"));
	id = image_find_id(world.image, "web");
	world.writer.update(world.writer.context, MAP_LISTENER_TRAFFIC, &id, &counted);
	apply_yaml(&world, "listeners:\n" LISTENER("heir", "80") WEB);
	world.image->next_listener = id;
	apply_yaml(&world, "listeners:\n" LISTENER("heir", "80") LISTENER("new", "81") WEB);
	cr_assert_eq(image_find_id(world.image, "new"), id);
	cr_assert_eq(counted_packets(&world, MAP_LISTENER_TRAFFIC, id), 0);
	world_clean(&world);
}

Test(apply, a_listener_that_comes_back_starts_counting_at_zero)
{
	const struct traffic counted = { .packets = 5 };
	struct world world;
	uint32_t id;

	world_init(&world, 0);
	apply_yaml(&world, ONE_LISTENER("80"));
	id = image_find_id(world.image, "web");
	world.writer.update(world.writer.context, MAP_LISTENER_TRAFFIC, &id, &counted);
	apply_yaml(&world, "listeners: []");
	cr_assert_eq(counted_packets(&world, MAP_LISTENER_TRAFFIC, id), 5);
	apply_yaml(&world, ONE_LISTENER("80"));
	cr_assert_eq(image_find_id(world.image, "web"), id);
	cr_assert_eq(counted_packets(&world, MAP_LISTENER_TRAFFIC, id), 0);
	world_clean(&world);
}

Test(apply, a_listener_that_gets_another_port_goes_on_counting)
{
	const struct traffic counted = { .packets = 5 };
	struct world world;
	uint32_t id;

	world_init(&world, 0);
	apply_yaml(&world, ONE_LISTENER("80"));
	id = image_find_id(world.image, "web");
	world.writer.update(world.writer.context, MAP_LISTENER_TRAFFIC, &id, &counted);
	apply_yaml(&world, ONE_LISTENER("81"));
	apply_yaml(&world, ONE_LISTENER("100-200"));
	cr_assert_eq(image_find_id(world.image, "web"), id);
	cr_assert_eq(counted_packets(&world, MAP_LISTENER_TRAFFIC, id), 5);
	world_clean(&world);
}

Test(apply, a_removal_that_fails_leaves_the_counters_alone)
{
	const struct traffic counted = { .packets = 5 };
	struct image *next;
	struct world world;
	uint32_t id, index;
	int r;

	world_init(&world, 0);
	apply_yaml(&world, ONE_LISTENER("80"));
	id = image_find_id(world.image, "web");
	index = ((const struct image_target *)world.image->targets.rows)->index;
	world.writer.update(world.writer.context, MAP_LISTENER_TRAFFIC, &id, &counted);
	world.writer.update(world.writer.context, MAP_TARGET_TRAFFIC, &index, &counted);
	next = compile_over(parse_model("listeners: []"), world.image);
	for (unsigned at = 1; at < 100; at++) {
		world.maps.writes = 0;
		world.maps.fail_at = at;
		r = apply(&world.writer, world.image, next, NULL);
		if (!r)
			break;
		cr_assert_eq(counted_packets(&world, MAP_LISTENER_TRAFFIC, id), 5);
		cr_assert_eq(counted_packets(&world, MAP_TARGET_TRAFFIC, index), 5);
	}
	cr_assert_eq(r, 0);
	image_free(&next);
	world_clean(&world);
}

/* No packet may be on its way to it when it goes. */
static void target_is_still_there(void *context)
{
	struct fake_maps *maps = context;

	maps->waits++;
	cr_assert_eq(targets_in_use(maps), 2);
}

Test(apply, waits_before_it_removes_and_not_after)
{
	struct world world;

	world_init(&world, 0);
	world.writer.wait_for_readers = target_is_still_there;
	apply_yaml(&world, ONE_GROUP("{ address: 10.0.0.1, port: 80 }"));
	apply_yaml(&world, ONE_GROUP("{ address: 10.0.0.2, port: 80 }"));
	cr_assert_eq(world.maps.waits, 1);
	cr_assert_eq(targets_in_use(&world.maps), 1);
	world_clean(&world);
}

/* A kernel's hash map that is full. */
static int listeners_are_full(void *context, enum map_id map, const void *key, const void *value)
{
	struct fake_maps *maps = context;

	if (map == MAP_LISTENERS && !fake_maps_find(maps, map, key))
		return -E2BIG;
	return fake_maps_writer(maps).update(context, map, key, value);
}

Test(apply, a_full_map_is_explained)
{
	struct err err = { 0 };
	struct image *next;
	struct world world;

	world_init(&world, 0);
	apply_yaml(&world, ONE_LISTENER("80"));
	world.writer.update = listeners_are_full;
	next = compile_over(parse_model(ONE_LISTENER("81")), world.image);
	cr_assert_eq(apply(&world.writer, world.image, next, &err), -E2BIG);
	cr_assert_str_eq(err.text, "nothing was changed: no room for listeners while old and new ones "
				   "stand side by side: make the change in two steps");
	check_equal(&world.maps, world.image);
	image_free(&next);
	world_clean(&world);
}
