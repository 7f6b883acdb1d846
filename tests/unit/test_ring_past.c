// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whose ring goes on from which other, and what becomes of its slots: dataplane/compile_plan.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/compile.h"
#include "dataplane/history.h"
#include "dataplane/image.h"
#include "model/model.h"
#include "parse_model.h"

enum { NOW_S = 1000, WINDOW_S = 350, DEADLINE_MASK = (1 << SLOT_DEADLINE_BITS) - 1 };

/* A model and what the maps hold of it, at a time. */
struct site {
	struct model *model;
	struct image *image;
	uint32_t now;
	bool never_refuse;
};

static void site_clean(struct site *site)
{
	model_free(&site->model);
	image_free(&site->image);
}
#define _cleanup_site_ __attribute__((cleanup(site_clean)))

static int try(struct site *site, struct model *next, struct err *err)
{
	const struct compile_options options = { site->now, site->never_refuse };
	struct image *image = NULL;
	int r;

	model_settle(next, site->now * UINT64_C(1000));
	r = compile(next, site->image, &options, &image, err);
	if (r) {
		model_free(&next);
		return r;
	}
	model_free(&site->model);
	image_free(&site->image);
	site->model = next;
	site->image = image;
	return 0;
}

static void edit(struct site *site, struct model *next)
{
	struct err err = { 0 };

	cr_assert_eq(try(site, next, &err), 0, "%s", err.text);
}

/* The next configuration; what left it drains, new targets are healthy. */
static struct model *carried(const struct site *site, const char *text)
{
	struct model *next = parse_model(text);

	cr_assert_eq(model_carry(next, site->model, site->now * UINT64_C(1000)), 0);
	return next;
}

static void go(struct site *site, const char *text)
{
	edit(site, carried(site, text));
}

static void begin(struct site *site, const char *text)
{
	*site = (struct site){ .model = model_new(), .image = image_new(), .now = NOW_S };
	go(site, text);
}

static const struct image_listener *listener(const struct site *site, const char *name)
{
	const struct image_listener *rows = site->image->listeners.rows;

	for (size_t i = 0; i < site->image->listeners.count; i++) {
		if (!strcmp(rows[i].label.name, name))
			return &rows[i];
	}
	return NULL;
}

static const struct image_ring *ring(const struct site *site, const char *name)
{
	return image_find_ring(site->image, listener(site, name)->label.ring);
}

static uint32_t id_of(const struct site *site, const char *group, const char *text)
{
	const struct image_target *row;
	struct addr addr;

	cr_assert_eq(addr_parse(text, &addr, NULL), 0);
	row = image_find_target(site->image, group, &addr, 80);
	return row ? image_target_id(row) : 0;
}

/* How many slots of the listener's ring are in this condition. */
static unsigned slots_in(const struct site *site, const char *name, enum slot_condition condition)
{
	const struct image_ring *of = ring(site, name);
	unsigned count = 0;

	for (uint32_t i = 0; i < 1u << of->bits; i++)
		count += of->slots->slot[i].condition == condition;
	cr_assert_eq(of->slots->unsettled == 0, condition != SLOT_STABLE ? !of->slots->unsettled
									 : count == 1u << of->bits);
	return count;
}

/* What a sweep makes of a ring when no flow needs it any more. */
static void settle(struct site *site, const char *name)
{
	struct ring_slots *slots = ring(site, name)->slots;

	for (uint32_t i = 0; i < 1u << ring(site, name)->bits; i++)
		slots->slot[i] = (union slot){ .current = slots->slot[i].current };
	slots->unsettled = 0;
}

static struct target *target_in(struct model *model, const char *group, size_t i)
{
	return &model_find_group(model, group)->targets[i];
}

#define LISTENER(name, port, to)                                                               \
	"  - { name: " name ", address: 192.0.2.1, protocol: tcp, port: " port ", " to " }\n"
#define GROUP(name, targets) "  - { name: " name ", forwarding: ipip, targets: [" targets "] }\n"
#define NAT(name, targets) "  - { name: " name ", targets: [" targets "] }\n"
#define T(n) "{ address: 10.0.0." #n ", port: 80 }"
#define WEB(to) "listeners:\n" LISTENER("web", "80", to)
#define BLUE_GREEN "groups:\n" GROUP("blue", T(1) "," T(2)) GROUP("green", T(3) "," T(4))

Test(ring_past, begins_stable)
{
	_cleanup_site_ struct site site;

	begin(&site, WEB("group: blue") BLUE_GREEN);
	cr_expect_eq(slots_in(&site, "web", SLOT_STABLE), 1u << ring(&site, "web")->bits);
}

Test(ring_past, slots_of_a_target_that_drains_learn_and_name_it)
{
	_cleanup_site_ struct site site;
	const struct image_ring *of;
	uint32_t gone;

	begin(&site, WEB("group: web") "groups:\n" GROUP("web", T(1) "," T(2)));
	gone = id_of(&site, "web", "10.0.0.1");
	go(&site, WEB("group: web") "groups:\n" GROUP("web", T(2)));
	of = ring(&site, "web");
	cr_expect_eq(slots_in(&site, "web", SLOT_LEARNING), (1u << of->bits) / 2);
	for (uint32_t i = 0; i < 1u << of->bits; i++) {
		union slot slot = of->slots->slot[i];

		cr_assert_eq(slot.current, id_of(&site, "web", "10.0.0.2"));
		cr_assert_eq(slot.previous, slot.condition == SLOT_LEARNING ? gone : 0);
		if (slot.condition == SLOT_LEARNING)
			cr_assert_eq(slot.deadline, (NOW_S + WINDOW_S + HISTORY_SLACK) & DEADLINE_MASK);
	}
}

Test(ring_past, the_window_is_the_longest_idle_timeout_of_the_groups)
{
	_cleanup_site_ struct site site;
	struct model *next;

	begin(&site, WEB("group: blue") BLUE_GREEN);
	next = carried(&site, WEB("group: green") BLUE_GREEN);
	model_find_group(next, "blue")->idle_timeout_s = 6000;
	edit(&site, next);
	cr_expect_eq(ring(&site, "web")->slots->slot[0].deadline, (NOW_S + 6000 + HISTORY_SLACK) & DEADLINE_MASK);
	cr_expect_eq(listener(&site, "web")->entry.idle_timeout, 6000);
	cr_expect_eq(site.image->config.idle_timeout_longest, 6000);
}

Test(ring_past, a_death_leaves_nothing_to_keep)
{
	_cleanup_site_ struct site site;
	struct model *next;

	begin(&site, WEB("group: web") "groups:\n" GROUP("web", T(1) "," T(2)));
	next = model_clone(site.model);
	target_in(next, "web", 0)->state = TARGET_UNHEALTHY;
	edit(&site, next);
	cr_expect_eq(slots_in(&site, "web", SLOT_STABLE), 1u << ring(&site, "web")->bits);
	cr_expect_not(image_target_is_alive(site.image->targets.rows));
}

Test(ring_past, a_previous_target_that_dies_is_buried)
{
	_cleanup_site_ struct site site;
	unsigned learning;

	begin(&site, WEB("group: web") "groups:\n" GROUP("web", T(1) "," T(2)));
	go(&site, WEB("group: web") "groups:\n" GROUP("web", T(2)));
	learning = slots_in(&site, "web", SLOT_LEARNING);
	model_find_group(site.model, "web")->connection_termination = true;
	edit(&site, carried(&site, WEB("group: web") "groups:\n"
			    "  - { name: web, forwarding: ipip, connection_termination: true,"
			    "      targets: [" T(2) "] }\n"));
	cr_expect_eq(slots_in(&site, "web", SLOT_LEARNING), learning);
	group_remove_target(model_find_group(site.model, "web"),
			    &target_in(site.model, "web", 0)->addr, 80);
	edit(&site, model_clone(site.model));
	cr_expect_eq(slots_in(&site, "web", SLOT_TRACKING), learning);
}

Test(ring_past, a_target_that_lives_again_is_another_one)
{
	_cleanup_site_ struct site site;
	uint32_t first;
	struct model *next;

	begin(&site, WEB("group: web") "groups:\n" GROUP("web", T(1) "," T(2)));
	first = id_of(&site, "web", "10.0.0.1");
	for (int i = 0; i < 2; i++) {
		next = model_clone(site.model);
		target_in(next, "web", 0)->state = i ? TARGET_HEALTHY : TARGET_UNHEALTHY;
		edit(&site, next);
	}
	cr_expect_eq(TARGET_INDEX(id_of(&site, "web", "10.0.0.1")), TARGET_INDEX(first));
	cr_expect_neq(id_of(&site, "web", "10.0.0.1"), first);
}

Test(ring_past, a_target_that_is_back_while_it_drains_is_the_same_one)
{
	_cleanup_site_ struct site site;
	uint32_t first;

	begin(&site, WEB("group: web") "groups:\n" GROUP("web", T(1) "," T(2)));
	first = id_of(&site, "web", "10.0.0.1");
	go(&site, WEB("group: web") "groups:\n" GROUP("web", T(2)));
	cr_expect_eq(id_of(&site, "web", "10.0.0.1"), first);
	go(&site, WEB("group: web") "groups:\n" GROUP("web", T(1) "," T(2)));
	cr_expect_eq(id_of(&site, "web", "10.0.0.1"), first);
}

Test(ring_past, a_listener_takes_its_flows_to_another_routing)
{
	_cleanup_site_ struct site site;
	struct ring_slots *before;
	const struct image_ring *of;

	begin(&site, WEB("group: blue") BLUE_GREEN);
	before = ring_slots_ref(ring(&site, "web")->slots);
	go(&site, WEB("groups: { green: 1 }") BLUE_GREEN);
	of = ring(&site, "web");
	cr_expect_eq(slots_in(&site, "web", SLOT_LEARNING), 1u << of->bits);
	for (uint32_t i = 0; i < 1u << of->bits; i++)
		cr_assert_eq(of->slots->slot[i].previous, before->slot[i].current);
	cr_expect(ring_serves_group(of, group_hash("blue")));
	cr_expect(ring_serves_group(of, group_hash("green")));
	ring_slots_unref(&before);
}

#define PAIR(a, b) "listeners:\n" LISTENER("a", "80", "group: " a) LISTENER("b", "81", "group: " b)

Test(ring_past, those_who_stay_are_left_alone)
{
	_cleanup_site_ struct site site;
	uint64_t key;

	begin(&site, PAIR("blue", "blue") BLUE_GREEN);
	cr_expect_eq(ring(&site, "a"), ring(&site, "b"));
	key = ring(&site, "b")->key;
	go(&site, PAIR("green", "blue") BLUE_GREEN);
	cr_expect_eq(slots_in(&site, "b", SLOT_STABLE), 1u << ring(&site, "b")->bits);
	cr_expect_eq(ring(&site, "b")->key, key);
	cr_expect_neq(ring(&site, "a"), ring(&site, "b"));
}

Test(ring_past, those_who_move_together_share_a_ring)
{
	_cleanup_site_ struct site site;

	begin(&site, PAIR("blue", "blue") BLUE_GREEN);
	go(&site, PAIR("green", "green") BLUE_GREEN);
	cr_expect_eq(ring(&site, "a"), ring(&site, "b"));
	cr_expect_eq(site.image->rings.count, 1);
}

Test(ring_past, those_who_move_one_after_the_other_share_none_until_both_are_settled)
{
	_cleanup_site_ struct site site;

	begin(&site, PAIR("blue", "blue") BLUE_GREEN);
	go(&site, PAIR("green", "blue") BLUE_GREEN);
	go(&site, PAIR("green", "green") BLUE_GREEN);
	cr_expect_neq(ring(&site, "a"), ring(&site, "b"));
	settle(&site, "a");
	edit(&site, model_clone(site.model));
	cr_expect_neq(ring(&site, "a"), ring(&site, "b"));
	settle(&site, "b");
	edit(&site, model_clone(site.model));
	cr_expect_eq(ring(&site, "a"), ring(&site, "b"));
	cr_expect_eq(site.image->rings.count, 1);
	cr_expect_not(ring_serves_group(ring(&site, "a"), group_hash("blue")));
}

Test(ring_past, back_and_forth_keeps_the_first_previous_target)
{
	_cleanup_site_ struct site site;
	struct ring_slots *before;
	const struct image_ring *of;

	begin(&site, WEB("group: blue") BLUE_GREEN);
	before = ring_slots_ref(ring(&site, "web")->slots);
	go(&site, WEB("group: green") BLUE_GREEN);
	site.now += 10;
	go(&site, WEB("group: blue") BLUE_GREEN);
	of = ring(&site, "web");
	for (uint32_t i = 0; i < 1u << of->bits; i++) {
		cr_assert_eq(of->slots->slot[i].previous, before->slot[i].current);
		cr_assert_eq(of->slots->slot[i].current, before->slot[i].current);
		cr_assert_eq(of->slots->slot[i].deadline, (NOW_S + WINDOW_S + HISTORY_SLACK) & DEADLINE_MASK);
	}
	ring_slots_unref(&before);
}

Test(ring_past, each_slot_of_a_larger_ring_goes_on_from_the_one_behind_it)
{
	_cleanup_site_ struct site site;
	struct ring_slots *before;
	const struct image_ring *of;
	unsigned bits;

	begin(&site, WEB("group: web") "groups:\n" GROUP("web", T(1)));
	before = ring_slots_ref(ring(&site, "web")->slots);
	bits = ring(&site, "web")->bits;
	go(&site, WEB("group: web") "groups:\n" GROUP("web", T(1) "," T(2) "," T(3)));
	of = ring(&site, "web");
	cr_assert_eq(of->bits, bits + 2);
	cr_expect_eq(listener(&site, "web")->entry.ring_shift, 64 - of->bits);
	for (uint32_t i = 0; i < 1u << of->bits; i++) {
		union slot slot = of->slots->slot[i];
		uint32_t was = (uint32_t)before->slot[i >> 2].current;

		cr_assert_eq(slot.condition, slot.current == was ? SLOT_STABLE : SLOT_LEARNING);
		cr_assert_eq(slot.previous, slot.current == was ? 0 : was);
	}
	ring_slots_unref(&before);
}

Test(ring_past, a_ring_in_use_does_not_shrink)
{
	_cleanup_site_ struct site site;
	unsigned bits;

	begin(&site, WEB("group: web") "groups:\n" GROUP("web", T(1) "," T(2) "," T(3)));
	bits = ring(&site, "web")->bits;
	go(&site, WEB("group: web") "groups:\n" GROUP("web", T(1)));
	cr_expect_eq(ring(&site, "web")->bits, bits);
}

#define HASHED(to) WEB("affinity: hash, group: " to)

Test(ring_past, affinity_hash_has_none)
{
	_cleanup_site_ struct site site;

	begin(&site, HASHED("blue") BLUE_GREEN);
	go(&site, HASHED("green") BLUE_GREEN);
	cr_expect_eq(slots_in(&site, "web", SLOT_STABLE), 1u << ring(&site, "web")->bits);
	go(&site, HASHED("green") "groups:\n" GROUP("blue", T(1)) GROUP("green", T(3)));
	cr_expect_eq(slots_in(&site, "web", SLOT_STABLE), 1u << ring(&site, "web")->bits);
}

Test(ring_past, who_gets_affinity_has_one_from_then_on)
{
	_cleanup_site_ struct site site;

	begin(&site, HASHED("blue") BLUE_GREEN);
	go(&site, WEB("group: blue") BLUE_GREEN);
	cr_expect_eq(slots_in(&site, "web", SLOT_TRACKING), 1u << ring(&site, "web")->bits,
		     "entries of a time before");
	settle(&site, "web");
	go(&site, WEB("group: green") BLUE_GREEN);
	cr_expect_eq(slots_in(&site, "web", SLOT_LEARNING), 1u << ring(&site, "web")->bits);
	go(&site, HASHED("green") BLUE_GREEN);
	cr_expect_eq(slots_in(&site, "web", SLOT_STABLE), 1u << ring(&site, "web")->bits);
}

#define NONE "listeners: []\n"

Test(ring_past, a_removed_listener_that_comes_back_finds_its_ring)
{
	_cleanup_site_ struct site site;
	struct ring_slots *before;

	begin(&site, WEB("group: blue") BLUE_GREEN);
	go(&site, WEB("group: green") BLUE_GREEN);
	before = ring_slots_ref(ring(&site, "web")->slots);
	go(&site, NONE BLUE_GREEN);
	cr_assert_not_null(listener(&site, "web"));
	cr_expect(listener(&site, "web")->entry.flags & LISTENER_REMOVED);
	cr_expect_eq(listener(&site, "web")->label.removed_at, NOW_S);
	site.now += WINDOW_S;
	go(&site, "listeners:\n" LISTENER("other", "80", "group: green") BLUE_GREEN);
	cr_expect_null(listener(&site, "web"));
	cr_expect_not(listener(&site, "other")->entry.flags & LISTENER_REMOVED);
	cr_expect_eq(ring(&site, "other")->slots->unsettled, before->unsettled);
	cr_expect_eq(memcmp(ring(&site, "other")->slots->slot, before->slot,
			    sizeof(union slot) << ring(&site, "other")->bits), 0);
	ring_slots_unref(&before);
}

Test(ring_past, a_listener_that_comes_back_shares_no_slots_with_those_who_stayed)
{
	_cleanup_site_ struct site site;

	begin(&site, PAIR("blue", "blue") BLUE_GREEN);
	go(&site, "listeners:\n" LISTENER("a", "80", "group: blue") BLUE_GREEN);
	go(&site, PAIR("blue", "blue") BLUE_GREEN);
	cr_assert_neq(ring(&site, "a")->base, ring(&site, "b")->base);
	cr_expect_neq(ring(&site, "a")->slots, ring(&site, "b")->slots);
}

Test(ring_past, a_removed_listener_is_forgotten_when_its_flows_are)
{
	_cleanup_site_ struct site site;

	begin(&site, WEB("group: blue") BLUE_GREEN);
	go(&site, NONE BLUE_GREEN);
	site.now += WINDOW_S + HISTORY_SLACK;
	go(&site, NONE BLUE_GREEN);
	cr_expect_not_null(listener(&site, "web"));
	site.now++;
	go(&site, NONE BLUE_GREEN);
	cr_expect_null(listener(&site, "web"));
	cr_expect_eq(site.image->rings.count, 0);
}

Test(ring_past, a_removed_listener_makes_room_for_its_name_and_its_ports)
{
	static const char *const takers[] = {
		LISTENER("web", "81", "group: green"),
		LISTENER("other", "80", "group: green"),
		LISTENER("other", "1-100", "group: green"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(takers); i++) {
		_cleanup_site_ struct site site;
		char text[1024];

		begin(&site, WEB("group: blue") BLUE_GREEN);
		go(&site, NONE BLUE_GREEN);
		snprintf(text, sizeof(text), "listeners:\n%s%s", takers[i], BLUE_GREEN);
		go(&site, text);
		cr_expect_eq(site.image->listeners.count, 1, "%s", takers[i]);
	}
}

Test(ring_past, a_port_taken_out_of_a_range_keeps_the_flows_it_had_there)
{
	_cleanup_site_ struct site site;
	const struct image_ring *of;

	begin(&site, "listeners:\n" LISTENER("any", "any", "group: blue") BLUE_GREEN);
	go(&site, "listeners:\n" LISTENER("any", "any", "group: blue")
		  LISTENER("web", "80", "group: green") BLUE_GREEN);
	of = ring(&site, "web");
	for (uint32_t i = 0; i < 1u << of->bits; i++)
		cr_assert_eq(of->slots->slot[i].previous, ring(&site, "any")->slots->slot[i].current);
}

Test(ring_past, a_range_that_grows_keeps_its_ring)
{
	_cleanup_site_ struct site site;
	uint64_t key;

	begin(&site, "listeners:\n" LISTENER("some", "100-200", "group: blue") BLUE_GREEN);
	key = ring(&site, "some")->key;
	go(&site, "listeners:\n" LISTENER("some", "90-300", "group: blue") BLUE_GREEN);
	cr_expect_eq(ring(&site, "some")->key, key);
}

Test(ring_past, what_was_never_there_has_nothing_to_go_on_from)
{
	_cleanup_site_ struct site site;

	begin(&site, PAIR("blue", "green") BLUE_GREEN);
	go(&site, PAIR("blue", "green") LISTENER("c", "82", "group: green") BLUE_GREEN);
	cr_expect_eq(ring(&site, "c"), ring(&site, "b"));
}

#define NAT_BLUE_GREEN "groups:\n" NAT("blue", T(1)) NAT("green", T(2))

Test(ring_past, targets_of_a_group_left_behind_go_on_replying)
{
	_cleanup_site_ struct site site;

	begin(&site, WEB("group: blue") NAT_BLUE_GREEN);
	cr_expect_eq(site.image->replies.count, 1);
	go(&site, WEB("group: green") NAT_BLUE_GREEN);
	cr_expect_eq(site.image->replies.count, 2);
	settle(&site, "web");
	edit(&site, model_clone(site.model));
	cr_expect_eq(site.image->replies.count, 1);
}

Test(ring_past, a_group_with_living_flows_of_another_listener_is_refused)
{
	_cleanup_site_ struct site site;
	struct err err = { 0 };

	begin(&site, WEB("group: blue") NAT_BLUE_GREEN);
	go(&site, WEB("group: green") NAT_BLUE_GREEN);
	cr_expect_eq(try(&site, carried(&site, WEB("group: green")
			 LISTENER("stage", "81", "group: blue") NAT_BLUE_GREEN), &err), -EBUSY);
	cr_expect_str_eq(err.text,
			 "target 10.0.0.1:80 still has flows of listener 'web' by nat, whose "
			 "replies could not be told from those of listener 'stage': wait until they "
			 "have ended, or end them with `sluicectl target remove --now`");
	settle(&site, "web");
	go(&site, WEB("group: green") LISTENER("stage", "81", "group: blue") NAT_BLUE_GREEN);
}

/* An image as it is read back after a kill between the entries of listeners that share a ring. */
static void doubt(struct site *site)
{
	struct image_ring *rings = site->image->rings.rows;

	for (size_t i = 0; i < site->image->rings.count; i++) {
		rings[i].routing = 0;
		rings[i].members = 0;
		memset(rings[i].groups, 0, sizeof(rings[i].groups));
		rings[i].groups[RING_GROUPS_MAX - 1] = GROUP_ANY;
	}
}

#define MAIL LISTENER("mail", "25", "group: mail")
#define NAT_MAIL NAT_BLUE_GREEN NAT("mail", T(9))

Test(ring_past, a_doubted_ring_keeps_its_replies_and_claims_no_others)
{
	_cleanup_site_ struct site site;

	begin(&site, WEB("group: blue") MAIL NAT_MAIL);
	go(&site, WEB("group: green") MAIL NAT_MAIL);
	cr_assert_eq(site.image->replies.count, 3);
	doubt(&site);
	edit(&site, model_clone(site.model));
	cr_expect_eq(site.image->replies.count, 3);
	cr_expect(ring_serves_any(ring(&site, "web")));
	edit(&site, model_clone(site.model));
	cr_expect_eq(site.image->replies.count, 3);
}

Test(ring_past, more_groups_than_fit_are_any_and_claim_no_targets_of_others)
{
	_cleanup_site_ struct site site;
	char text[4096], groups[2048] = "groups:\n", to[64];

	for (int i = 0; i < 20; i++)
		sprintf(groups + strlen(groups), "  - { name: g%d, targets: [{ address: 10.0.1.%d, "
						 "port: 80 }] }\n", i, i);
	for (int i = 0; i < 20; i++) {
		sprintf(to, "group: g%d", i);
		snprintf(text, sizeof(text), "listeners:\n  - { name: web, address: 192.0.2.1, "
			 "protocol: tcp, port: 80, %s }\n" MAIL "%s" NAT("mail", T(9)), to, groups);
		if (i)
			go(&site, text);
		else
			begin(&site, text);
	}
	cr_expect(ring_serves_any(ring(&site, "web")));
	cr_expect_eq(site.image->replies.count, 21);
}

Test(ring_past, a_newcomer_has_no_past)
{
	_cleanup_site_ struct site site;

	begin(&site, WEB("group: blue") NAT_BLUE_GREEN);
	go(&site, WEB("group: green") NAT_BLUE_GREEN);
	go(&site, WEB("group: green")
		  "  - { name: webu, address: 192.0.2.1, protocol: udp, port: 80, group: green }\n"
		  NAT_BLUE_GREEN);
	go(&site, WEB("group: green")
		  "  - { name: webu, address: 192.0.2.1, protocol: udp, port: 80, group: green }\n"
		  "  - { name: stageu, address: 192.0.2.1, protocol: udp, port: 9, group: blue }\n"
		  NAT_BLUE_GREEN);
}

#define TWO_BLUES "groups:\n" NAT("blue", T(1) "," T(2)) NAT("blue2", T(2)) NAT("green", T(3))

Test(ring_past, a_recovery_is_never_refused)
{
	_cleanup_site_ struct site site;
	struct model *next;

	begin(&site, WEB("group: blue") TWO_BLUES);
	next = model_clone(site.model);
	target_in(next, "blue", 1)->state = TARGET_UNHEALTHY;
	edit(&site, next);
	go(&site, WEB("group: green") TWO_BLUES);
	go(&site, WEB("group: green") LISTENER("stage", "81", "group: blue2") TWO_BLUES);
	next = model_clone(site.model);
	target_in(next, "blue", 1)->state = TARGET_HEALTHY;
	edit(&site, next);
}

Test(ring_past, what_was_accepted_before_is_not_refused)
{
	_cleanup_site_ struct site site;

	begin(&site, WEB("group: blue") NAT_BLUE_GREEN);
	go(&site, WEB("group: green") NAT_BLUE_GREEN);
	site.never_refuse = true;
	go(&site, WEB("group: green") LISTENER("stage", "81", "group: blue") NAT_BLUE_GREEN);
	cr_expect_eq(site.image->replies.count, 2);
}

Test(ring_past, a_port_and_a_range_of_one_target_contradict_each_other)
{
	static const struct {
		const char *past, *port;
	} rows[] = { { "1-200", "9" }, { "9", "1-200" }, { "1-200", "100-300" } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_site_ struct site site;
		struct err err = { 0 };
		char text[1024];
		static const char listener[] = "  - { name: %s, address: 192.0.2.%d, protocol: tcp, "
					       "port: %s, group: %s }\n";
		int used;

		used = sprintf(text, "listeners:\n");
		used += sprintf(text + used, listener, "web", 1, rows[i].past, "blue");
		strcpy(text + used, NAT_BLUE_GREEN);
		begin(&site, text);
		used = sprintf(text, "listeners:\n");
		used += sprintf(text + used, listener, "web", 1, rows[i].past, "green");
		strcpy(text + used, NAT_BLUE_GREEN);
		go(&site, text);
		used += sprintf(text + used, listener, "stage", 2, rows[i].port, "blue");
		strcpy(text + used, NAT_BLUE_GREEN);
		cr_expect_eq(try(&site, carried(&site, text), &err), -EBUSY, "%zu", i);
	}
}

Test(ring_past, a_listener_that_comes_back_has_its_replies_again)
{
	_cleanup_site_ struct site site;

	begin(&site, WEB("group: blue") NAT_BLUE_GREEN);
	go(&site, WEB("group: green") NAT_BLUE_GREEN);
	go(&site, NONE NAT_BLUE_GREEN);
	cr_expect_eq(site.image->replies.count, 0);
	go(&site, WEB("group: green") NAT_BLUE_GREEN);
	cr_expect_eq(site.image->replies.count, 2);
}

Test(ring_past, labels_of_one_ring_agree)
{
	_cleanup_site_ struct site site;

	begin(&site, PAIR("blue", "blue") BLUE_GREEN);
	go(&site, PAIR("green", "green") BLUE_GREEN);
	go(&site, "listeners:\n" LISTENER("b", "81", "group: green") BLUE_GREEN);
	settle(&site, "b");
	edit(&site, model_clone(site.model));
	cr_assert_not_null(listener(&site, "a"));
	cr_expect_eq(memcmp(listener(&site, "a")->label.groups, listener(&site, "b")->label.groups,
			    sizeof(uint64_t) * RING_GROUPS_MAX), 0);
}

/* So many listeners with ports from `first` on. */
static struct model *many_listeners(const struct site *site, int first, int count)
{
	struct model *next = carried(site, NONE BLUE_GREEN);
	struct listener listener = { .protocol = 6, .group_count = 1 };

	addr_parse("192.0.2.1", &listener.addr, NULL);
	strcpy(listener.groups[0].name, "blue");
	listener.groups[0].weight = 1;
	for (int i = 0; i < count; i++) {
		snprintf(listener.name, sizeof(listener.name), "l%d", first + i);
		listener.port_first = listener.port_last = (uint16_t)(first + i);
		cr_assert_eq(model_put_listener(next, &listener), 0);
	}
	return next;
}

#define RANGE(name, vip, ports, to)                                                            \
	"  - { name: " name ", address: 192.0.2." vip ", protocol: tcp, port: " ports              \
	", group: " to " }\n"
#define LISTENERS "listeners:\n"

static size_t replies_of(const struct site *site, const char *vip)
{
	const struct image_reply *rows = site->image->replies.rows;
	struct addr addr;
	size_t count = 0;

	cr_assert_eq(addr_parse(vip, &addr, NULL), 0);
	for (size_t i = 0; i < site->image->replies.count; i++)
		count += !addr_compare(&rows[i].entry.addr, &addr);
	return count;
}

Test(ring_past, a_range_by_another_name_keeps_its_replies)
{
	_cleanup_site_ struct site site;

	begin(&site, LISTENERS RANGE("web", "1", "100-200", "blue") NAT_BLUE_GREEN);
	go(&site, LISTENERS RANGE("web", "1", "100-200", "green") NAT_BLUE_GREEN);
	go(&site, LISTENERS RANGE("www", "1", "100-200", "green") NAT_BLUE_GREEN);
	cr_expect_eq(site.image->replies.count, 2);
}

Test(ring_past, who_comes_back_takes_no_replies_of_others)
{
	_cleanup_site_ struct site site;
	struct err err = { 0 };

	begin(&site, LISTENERS RANGE("web", "1", "1000-2000", "blue") NAT_BLUE_GREEN);
	go(&site, LISTENERS RANGE("other", "2", "1500-2500", "blue") NAT_BLUE_GREEN);
	cr_expect_eq(try(&site, carried(&site, LISTENERS RANGE("other", "2", "1500-2500", "blue")
			 RANGE("web", "1", "1000-2000", "green") NAT_BLUE_GREEN), &err), -EBUSY);
	site.never_refuse = true;
	go(&site, LISTENERS RANGE("other", "2", "1500-2500", "blue")
		  RANGE("web", "1", "1000-2000", "green") NAT_BLUE_GREEN);
	cr_expect_eq(replies_of(&site, "192.0.2.1"), 1);
	cr_expect_eq(replies_of(&site, "192.0.2.2"), 1);
}

Test(ring_past, a_past_reply_does_not_move_with_its_listener_s_ports)
{
	static const char *const ports[] = { "1500-3000", "2600-2700" };

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		_cleanup_site_ struct site site;
		char text[1024];

		begin(&site, LISTENERS RANGE("web", "1", "1000-2000", "blue")
			     RANGE("other", "2", "2500-3500", "blue") NAT_BLUE_GREEN);
		go(&site, LISTENERS RANGE("web", "1", "1000-2000", "green")
			  RANGE("other", "2", "2500-3500", "blue") NAT_BLUE_GREEN);
		cr_expect_eq(replies_of(&site, "192.0.2.1"), 2);
		snprintf(text, sizeof(text), LISTENERS
			 "  - { name: web, address: 192.0.2.1, protocol: tcp, port: %s, group: green }\n"
			 RANGE("other", "2", "2500-3500", "blue") NAT_BLUE_GREEN, ports[i]);
		go(&site, text);
		cr_expect_eq(replies_of(&site, "192.0.2.1"), i ? 1 : 2);
		cr_expect_eq(replies_of(&site, "192.0.2.2"), 1);
	}
}

Test(ring_past, a_refresh_forgets_no_removed_listener)
{
	_cleanup_site_ struct site site;
	size_t count;

	begin(&site, NONE BLUE_GREEN);
	edit(&site, many_listeners(&site, 1, 5000));
	edit(&site, many_listeners(&site, 20000, 5000));
	count = site.image->listeners.count;
	edit(&site, model_clone(site.model));
	cr_expect_eq(site.image->listeners.count, count);
}

Test(ring_past, removed_listeners_make_room_for_others)
{
	_cleanup_site_ struct site site;

	begin(&site, NONE BLUE_GREEN);
	edit(&site, many_listeners(&site, 1, 9000));
	edit(&site, many_listeners(&site, 1, 0));
	cr_expect_gt(site.image->listeners.count, 1000);
	edit(&site, many_listeners(&site, 20000, 9000));
	cr_expect_leq(site.image->listeners.count, LISTENERS_MAX - 1);
}
