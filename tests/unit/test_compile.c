// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/compile.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/image.h"
#include "model/model.h"
#include "parse_model.h"

#define GROUP(name, targets) "  - { name: " name ", targets: [" targets "] }\n"
#define T(n) "{ address: 10.0.0." #n ", port: 80 }"

enum { NOW_MS = 1000000 };

static const struct compile_options now = { .now = NOW_MS / 1000 };

static struct addr address(const char *text)
{
	struct addr addr;

	cr_assert_eq(addr_parse(text, &addr, NULL), 0);
	return addr;
}

/* Compiles over *current and puts the result in its place. Takes the model. */
static void advance(struct image **current, struct model *model)
{
	struct image *next = NULL;
	struct err err = { 0 };

	model_settle(model, NOW_MS);
	cr_assert_eq(compile(model, *current, &now, &next, &err), 0, "%s", err.text);
	image_free(current);
	*current = next;
	model_free(&model);
}

static struct image *compiled(struct model *model)
{
	struct image *image = image_new();

	advance(&image, model);
	return image;
}

static const struct image_target *find(const struct image *image, const char *group,
				       const char *text)
{
	struct addr addr = address(text);

	return image_find_target(image, group, &addr, 80);
}

/* The listener's entry by its name. */
static const struct image_listener *listener(const struct image *image, const char *name)
{
	const struct image_listener *rows = image->listeners.rows;

	for (size_t i = 0; i < image->listeners.count; i++) {
		if (!strcmp(rows[i].label.name, name))
			return &rows[i];
	}
	return NULL;
}

static const struct image_ring *ring_of(const struct image *image, const char *name)
{
	return image_find_ring(image, listener(image, name)->label.ring);
}

static double share(const struct image *image, const char *name, const char *group, const char *text)
{
	const struct image_ring *ring = ring_of(image, name);
	uint32_t id = image_target_id(find(image, group, text));
	unsigned count = 0;

	for (uint32_t i = 0; i < 1u << ring->bits; i++)
		count += ring->slots->slot[i].current == id;
	return (double)count / (1u << ring->bits);
}

#define WEB                                                                                    \
	"listeners:\n"                                                                         \
	"  - { name: web, address: 192.0.2.1, protocol: tcp, port: 80, group: web }\n"         \
	"groups:\n"

Test(compile, a_target_keeps_its_index_while_others_come_and_go)
{
	struct image *image = compiled(parse_model(WEB GROUP("web", T(1) "," T(2))));
	uint32_t second = image_target_id(find(image, "web", "10.0.0.2"));

	advance(&image, parse_model(WEB GROUP("web", T(2) "," T(3))));
	cr_assert_eq(image_target_id(find(image, "web", "10.0.0.2")), second);
	cr_assert_null(find(image, "web", "10.0.0.1"));
	image_free(&image);
}

Test(compile, a_target_that_comes_back_gets_another_id)
{
	struct image *image = compiled(parse_model(WEB GROUP("web", T(1) "," T(2))));
	uint32_t first = image_target_id(find(image, "web", "10.0.0.1"));

	advance(&image, parse_model(WEB GROUP("web", T(2))));
	for (int i = 0; i < 3; i++) {
		image->next_index = TARGET_INDEX(first);	/* even when the index is the same */
		advance(&image, parse_model(WEB GROUP("web", T(1) "," T(2))));
		cr_assert_eq(TARGET_INDEX(image_target_id(find(image, "web", "10.0.0.1"))),
			     TARGET_INDEX(first));
		cr_assert_neq(image_target_id(find(image, "web", "10.0.0.1")), first);
		advance(&image, parse_model(WEB GROUP("web", T(2))));
	}
	image_free(&image);
}

Test(compile, what_is_taken_is_not_given_to_another)
{
	struct image *image = compiled(parse_model(WEB GROUP("web", T(1))));
	uint32_t index = find(image, "web", "10.0.0.1")->index, id = image_find_id(image, "web");

	image->next_index = index;
	image->next_listener = id;
	advance(&image, parse_model(
		"listeners:\n"
		"  - { name: a, address: 192.0.2.9, protocol: tcp, port: 80, group: a }\n"
		"  - { name: web, address: 192.0.2.1, protocol: tcp, port: 80, group: web }\n"
		"groups:\n" GROUP("a", T(2)) GROUP("web", T(1))));
	cr_assert_eq(find(image, "web", "10.0.0.1")->index, index);
	cr_assert_neq(find(image, "a", "10.0.0.2")->index, index);
	cr_assert_eq(image_find_id(image, "web"), id);
	cr_assert_neq(image_find_id(image, "a"), id);
	image_free(&image);
}

Test(compile, the_same_address_in_two_groups_is_two_targets)
{
	struct image *image = compiled(parse_model(
		"listeners:\n"
		"  - { name: a, address: 192.0.2.1, protocol: tcp, port: 80, group: a }\n"
		"  - { name: b, address: 192.0.2.1, protocol: tcp, port: 81, group: b }\n"
		"groups:\n"
		"  - { name: a, forwarding: ipip, targets: [" T(1) "] }\n"
		"  - { name: b, forwarding: ipip, targets: [" T(1) "] }\n"));

	cr_assert_neq(image_target_id(find(image, "a", "10.0.0.1")),
		      image_target_id(find(image, "b", "10.0.0.1")));
	image_free(&image);
}

Test(compile, only_targets_in_service_have_slots)
{
	static const struct {
		enum target_state state;
		int in_service;
	} cases[] = {
		{ TARGET_HEALTHY, 1 },	 { TARGET_UNAVAILABLE, 1 }, { TARGET_INITIAL, 0 },
		{ TARGET_UNHEALTHY, 0 }, { TARGET_UNUSED, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = parse_model(WEB GROUP("web", T(1) "," T(2)));
		struct image *image;

		model->groups[0].targets[0].state = cases[i].state;
		image = compiled(model);
		cr_assert_float_eq(share(image, "web", "web", "10.0.0.1"),
				   cases[i].in_service ? 0.5 : 0, 0.01, "%s",
				   target_state_name(cases[i].state));
		cr_assert_eq(find(image, "web", "10.0.0.1")->entry.forwarding, FORWARDING_NAT);
		image_free(&image);
	}
}

Test(compile, a_draining_target_keeps_its_entry_and_its_reply_but_no_slot)
{
	struct model *model = parse_model(WEB GROUP("web", T(1) "," T(2)));
	struct image *image;

	model->groups[0].targets[0].drain_deadline_ms = 1;
	model->groups[0].targets[0].state = TARGET_DRAINING;
	image = compiled(model);
	cr_assert_float_eq(share(image, "web", "web", "10.0.0.1"), 0, 0.0001);
	cr_assert_neq(find(image, "web", "10.0.0.1")->entry.ifindex, 0);
	cr_assert_eq(image->replies.count, 2);
	image_free(&image);
}

Test(compile, a_group_whose_targets_are_all_unhealthy_sends_to_all)
{
	struct model *model = parse_model(WEB GROUP("web", T(1) "," T(2)));
	struct image *image;

	model->groups[0].targets[0].state = TARGET_UNHEALTHY;
	model->groups[0].targets[1].state = TARGET_UNHEALTHY;
	image = compiled(model);
	cr_assert_float_eq(share(image, "web", "web", "10.0.0.1"), 0.5, 0.01);
	cr_assert_float_eq(share(image, "web", "web", "10.0.0.2"), 0.5, 0.01);
	image_free(&image);
}

Test(compile, a_listener_without_a_target_in_service_has_empty_slots)
{
	struct image *image = compiled(parse_model(WEB GROUP("web", "")));
	const struct image_ring *ring = ring_of(image, "web");

	for (uint32_t i = 0; i < 1u << ring->bits; i++)
		cr_assert_eq(ring->slots->slot[i].word, 0);
	image_free(&image);
}

Test(compile, groups_share_by_their_weights_and_targets_within_their_group)
{
	struct image *image = compiled(parse_model(
		"listeners:\n"
		"  - { name: web, address: 192.0.2.1, protocol: tcp, port: 80,"
		"      groups: { blue: 90, green: 10 } }\n"
		"groups:\n"
		"  - { name: blue, targets: [" T(1) "," T(2) "] }\n"
		"  - { name: green, targets: [{ address: 10.0.0.3, port: 80, weight: 3 },"
		"      { address: 10.0.0.4, port: 80, weight: 1 }] }\n"));

	cr_assert_float_eq(share(image, "web", "blue", "10.0.0.1"), 0.45, 0.005);
	cr_assert_float_eq(share(image, "web", "blue", "10.0.0.2"), 0.45, 0.005);
	cr_assert_float_eq(share(image, "web", "green", "10.0.0.3"), 0.075, 0.005);
	cr_assert_float_eq(share(image, "web", "green", "10.0.0.4"), 0.025, 0.005);
	cr_assert_str_eq(ring_of(image, "web")->name, "blue=90,green=10");
	image_free(&image);
}

Test(compile, a_group_of_weight_zero_gets_nothing)
{
	struct image *image = compiled(parse_model(
		"listeners:\n"
		"  - { name: web, address: 192.0.2.1, protocol: udp, port: 80,"
		"      groups: { blue: 0, green: 1 } }\n"
		"groups:\n" GROUP("blue", T(1)) GROUP("green", T(2))));

	cr_assert_float_eq(share(image, "web", "blue", "10.0.0.1"), 0, 0.0001);
	cr_assert_float_eq(share(image, "web", "green", "10.0.0.2"), 1, 0.0001);
	image_free(&image);
}

Test(compile, listeners_with_the_same_routing_share_a_ring)
{
	struct image *image = compiled(parse_model(
		"listeners:\n"
		"  - { name: a, address: 192.0.2.1, protocol: tcp, port: 80, group: web }\n"
		"  - { name: b, address: 192.0.2.1, protocol: udp, port: 80, group: web }\n"
		"groups:\n" GROUP("web", T(1))));

	cr_assert_eq(image->rings.count, 1);
	cr_assert_eq(listener(image, "a")->entry.ring_base, listener(image, "b")->entry.ring_base);
	cr_assert_neq(listener(image, "a")->entry.id, listener(image, "b")->entry.id);
	image_free(&image);
}

Test(compile, an_unchanged_ring_is_neither_filled_nor_moved)
{
	struct image *image = compiled(parse_model(WEB GROUP("web", T(1) "," T(2))));
	uint32_t base = ring_of(image, "web")->base;
	struct ring_slots *slots = ring_of(image, "web")->slots;

	advance(&image, parse_model(WEB GROUP("web", T(1) "," T(2)) GROUP("other", T(3))));
	cr_assert_eq(ring_of(image, "web")->slots, slots);
	cr_assert_eq(ring_of(image, "web")->base, base);
	image_free(&image);
}

Test(compile, a_ring_that_grows_moves_to_free_slots)
{
	struct image *image = compiled(parse_model(WEB GROUP("web", T(1))));
	uint32_t base = ring_of(image, "web")->base, end = base + (1u << ring_of(image, "web")->bits);

	advance(&image, parse_model(WEB GROUP("web", T(1) "," T(2) "," T(3))));
	cr_assert_eq(ring_of(image, "web")->bits, 9);
	cr_assert(ring_of(image, "web")->base >= end);
	image_free(&image);
}

Test(compile, another_secret_makes_another_ring)
{
	struct image *image = compiled(parse_model(WEB GROUP("web", T(1) "," T(2))));
	struct ring_slots *slots = ring_slots_ref(ring_of(image, "web")->slots);
	struct model *model = parse_model(WEB GROUP("web", T(1) "," T(2)));

	model->hash_secret[3] = 9;
	advance(&image, model);
	cr_assert_neq(memcmp(slots->slot, ring_of(image, "web")->slots->slot,
			     sizeof(union slot) << 7), 0);
	cr_assert_eq(image->config.hash_secret[0], 9u << 24);
	ring_slots_unref(&slots);
	image_free(&image);
}

Test(compile, a_listener_keeps_its_id_when_its_port_changes)
{
	struct image *image = compiled(parse_model(WEB GROUP("web", T(1))));
	uint32_t id = listener(image, "web")->entry.id;

	advance(&image, parse_model("listeners:\n  - { name: web, address: 192.0.2.1, protocol: tcp, "
				    "port: 1-100, group: web }\ngroups:\n" GROUP("web", T(1))));
	cr_assert_eq(listener(image, "web")->entry.id, id);
	cr_assert_eq(image_find_id(image, "web"), id);
	image_free(&image);
}

Test(compile, port_ranges_become_disjoint_segments_that_name_their_listener)
{
	struct image *image = compiled(parse_model(
		"listeners:\n"
		"  - { name: any, address: 192.0.2.1, protocol: tcp, port: any, group: web }\n"
		"  - { name: some, address: 192.0.2.1, protocol: tcp, port: 100-200, group: web }\n"
		"  - { name: one, address: 192.0.2.1, protocol: tcp, port: 150, group: web }\n"
		"groups:\n  - { name: web, forwarding: ipip, targets: [" T(1) "] }\n"));
	const struct image_ranges *ranges = image->listener_ranges.rows;
	uint16_t any = (uint16_t)listener(image, "any")->entry.id;
	uint16_t some = (uint16_t)listener(image, "some")->entry.id;

	cr_assert_eq(image->listener_ranges.count, 1);
	cr_assert_eq(ranges->ranges.count, 3);
	cr_assert_eq(ranges->ranges.range[0].number, any);
	cr_assert_eq(ranges->ranges.range[1].number, some);
	cr_assert_eq(ranges->ranges.range[1].first, 100);
	cr_assert_eq(ranges->ranges.range[1].last, 200);
	cr_assert_eq(ranges->ranges.range[2].last, 65535);
	cr_assert_eq(listener(image, "some")->key.is_range, 1);
	cr_assert_eq(listener(image, "some")->key.range, some);
	cr_assert_eq(listener(image, "some")->entry.flags, LISTENER_KEEPS_PORT);
	cr_assert_eq(listener(image, "one")->key.port, htons(150));
	cr_assert_eq(listener(image, "one")->entry.flags, 0);
	cr_assert_eq(image->config.flags, CONFIG_HAS_RANGES);
	image_free(&image);
}

Test(compile, replies_of_nat_targets_lead_back_to_the_listener)
{
	struct image *image = compiled(parse_model(
		"listeners:\n"
		"  - { name: web, address: '2001:db8::1', protocol: udp, port: 53, group: dns }\n"
		"groups:\n"
		"  - { name: dns, targets: [{ address: 'fd00::1', port: 5353 }] }\n"));
	const struct image_reply *reply = image->replies.rows;
	struct addr target = address("fd00::1"), vip = address("2001:db8::1");

	cr_assert_eq(image->replies.count, 1);
	cr_assert_eq(addr_compare(&reply->key.addr, &target), 0);
	cr_assert_eq(reply->key.port, htons(5353));
	cr_assert_eq(reply->key.protocol, IPPROTO_UDP);
	cr_assert_eq(addr_compare(&reply->entry.addr, &vip), 0);
	cr_assert_eq(reply->entry.port, htons(53));
	image_free(&image);
}

Test(compile, replies_to_a_port_range_keep_their_port)
{
	struct image *image = compiled(parse_model(
		"listeners:\n"
		"  - { name: ftp, address: 192.0.2.1, protocol: tcp, port: 2000-2100, group: ftp }\n"
		"groups:\n" GROUP("ftp", T(1))));
	const struct image_reply *reply = image->replies.rows;
	const struct image_ranges *ranges = image->reply_ranges.rows;

	cr_assert_eq(reply->key.is_range, 1);
	cr_assert_eq(reply->entry.port, 0);
	cr_assert_eq(ranges->ranges.range[0].first, 2000);
	cr_assert_eq(ranges->ranges.range[0].last, 2100);
	cr_assert_eq(ranges->ranges.range[0].number, reply->key.range);
	image_free(&image);
}

Test(compile, one_target_in_two_groups_of_a_listener_has_one_reply)
{
	struct image *image = compiled(parse_model(
		"listeners:\n"
		"  - { name: web, address: 192.0.2.1, protocol: tcp, port: 80,"
		"      groups: { blue: 1, green: 1 } }\n"
		"groups:\n" GROUP("blue", T(1)) GROUP("green", T(1))));

	cr_assert_eq(image->replies.count, 1);
	image_free(&image);
}

Test(compile, ipip_needs_no_replies)
{
	struct image *image = compiled(parse_model(
		WEB "  - { name: web, forwarding: ipip, targets: [" T(1) "] }\n"));

	cr_assert_eq(image->replies.count, 0);
	cr_assert_eq(image->config.flags, 0);
	cr_assert_eq(find(image, "web", "10.0.0.1")->entry.forwarding, FORWARDING_IPIP);
	image_free(&image);
}

Test(compile, the_outer_source_is_the_configured_one_or_the_routes)
{
	struct addr routed = address("10.9.9.9"), configured = address("10.8.8.8");
	struct model *model = parse_model(
		WEB "  - { name: web, forwarding: ipip, targets: [" T(1) "] }\n");
	struct image *image;

	model->groups[0].targets[0].hop.source = routed;
	image = compiled(model_clone(model));
	cr_assert_eq(addr_compare(&find(image, "web", "10.0.0.1")->entry.source, &routed), 0);
	model->groups[0].tunnel_source[0] = configured;
	advance(&image, model);
	cr_assert_eq(addr_compare(&find(image, "web", "10.0.0.1")->entry.source, &configured), 0);
	image_free(&image);
}

Test(compile, a_next_hop_that_was_not_looked_up_yet_leaves_the_old_one)
{
	struct model *model = parse_model(WEB GROUP("web", T(1)));
	struct image *image = compiled(model_clone(model));

	model->groups[0].targets[0].hop = (struct next_hop){ .state = HOP_UNKNOWN };
	advance(&image, model_clone(model));
	cr_assert_eq(find(image, "web", "10.0.0.1")->entry.ifindex, 7);
	model->groups[0].targets[0].hop.state = HOP_NO_NEIGHBOUR;
	advance(&image, model);
	cr_assert_eq(find(image, "web", "10.0.0.1")->entry.ifindex, 0);
	image_free(&image);
}

Test(compile, rings_that_do_not_fit_are_refused_and_name_the_routing)
{
	struct model *model = parse_model(WEB GROUP("web", T(1)));
	struct image *current = image_new(), *next = NULL;
	struct image_listener *row;
	struct err err = { 0 };

	for (uint32_t base = 0; base < SLOTS_MAX; base += 1 << RING_BITS_MAX) {
		row = table_add(&current->listeners, sizeof(*row));
		row->key.port = htons((uint16_t)(base >> RING_BITS_MAX));
		row->entry.ring_base = base;
		row->entry.ring_shift = 64 - RING_BITS_MAX;
	}
	cr_assert_eq(compile(model, current, &now, &next, &err), -ENOSPC);
	cr_assert_str_eq(err.text, "no room for the 128 slots of the ring of 'web': all rings together "
				   "have at most 4194304 slots; use fewer targets or weights closer to "
				   "each other, or wait until rings that changed lately are stable "
				   "and can be shared");
	cr_assert_null(next);
	image_free(&current);
	model_free(&model);
}
