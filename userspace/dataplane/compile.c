// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/compile.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/compile_parts.h"

void secret_words(const uint8_t secret[SECRET_SIZE], uint64_t words[2])
{
	memcpy(words, secret, SECRET_SIZE);
	words[0] = le64toh(words[0]);
	words[1] = le64toh(words[1]);
}

static struct image *begin(const struct model *model, const struct image *current)
{
	struct image *next = image_new();

	if (!next)
		return NULL;
	next->config = current->config;
	next->config.abi_version = ABI_VERSION;
	secret_words(model->hash_secret, (uint64_t *)next->config.hash_secret);
	memcpy(next->generations, current->generations, sizeof(next->generations));
	next->next_index = current->next_index;
	next->next_listener = current->next_listener;
	return next;
}

/* Round and round, so that an index rests as long as possible before it is used again. */
static uint32_t take_index(struct image *next, uint8_t *used)
{
	for (uint32_t tried = 1; tried < TARGETS_MAX; tried++) {
		uint32_t index = next->next_index;

		next->next_index = index + 1 < TARGETS_MAX ? index + 1 : 1;
		if (used[index])
			continue;
		used[index] = 1;
		return index;
	}
	return 0;
}

static void fill_hop(struct target_entry *entry, const struct group *group,
		     const struct target *target)
{
	const struct next_hop *hop = &target->hop;
	const struct addr *source = &group->tunnel_source[!addr_is_v4(&target->addr)];

	if (hop->state != HOP_RESOLVED)
		return;
	entry->ifindex = hop->ifindex;
	entry->vlan = htons(hop->vlan);
	entry->mtu = hop->mtu;
	memcpy(entry->dst_mac, hop->dst_mac, sizeof(entry->dst_mac));
	memcpy(entry->src_mac, hop->src_mac, sizeof(entry->src_mac));
	if (group->forwarding == FORWARDING_IPIP)
		entry->source = addr_is_zero(source) ? hop->source : *source;
}

/*
 * A next hop that has not been looked up yet (the daemon has just started) leaves the one that the
 * maps hold in force.
 */
static void fill_entry(struct target_entry *entry, const struct group *group,
		       const struct target *target, const struct image_target *before)
{
	uint8_t generation = entry->generation;

	if (before && target->hop.state == HOP_UNKNOWN)
		*entry = before->entry;
	entry->addr = target->addr;
	entry->port = htons(target->port);
	entry->forwarding = group->forwarding;
	entry->generation = generation;
	entry->flags = target->alive ? TARGET_ALIVE : 0;
	fill_hop(entry, group, target);
}

static void mark_used(const struct image *current, uint8_t *used)
{
	const struct image_target *rows = current->targets.rows;

	for (size_t i = 0; i < current->targets.count; i++)
		used[rows[i].index] = 1;
}

/*
 * The generation of what is behind an index changes with its owner, and when the owner was dead and
 * is alive again: slots and flows that name the earlier one never mean the later one.
 */
static bool is_new_generation(const struct target *target, const struct image_target *before)
{
	return !before || (target->alive && !image_target_is_alive(before));
}

static int add_target(struct compilation *c, const struct group *group,
		      const struct target *target, uint8_t *used, struct err *err)
{
	const struct image_target *before;
	struct image_target *row;

	before = image_find_target(c->current, group->name, &target->addr, target->port);
	row = table_add(&c->next->targets, sizeof(*row));
	if (!row)
		return err_set(err, ENOMEM, "out of memory");
	memcpy(row->label.group, group->name, sizeof(row->label.group));
	row->label.addr = target->addr;
	row->label.port = target->port;
	row->label.state = target->state;
	row->label.reason = target->reason;
	row->label.since_ms = target->since_ms;
	row->index = before ? before->index : take_index(c->next, used);
	if (!row->index)
		return err_set(err, ENOSPC,
			       "more than %d targets together with those that this change removes: "
			       "remove them first", TARGETS_MAX - 1);
	if (is_new_generation(target, before))
		c->next->generations[row->index]++;
	row->entry.generation = c->next->generations[row->index];
	fill_entry(&row->entry, group, target, before);
	return 0;
}

/* The model's order is the table's order. */
static int compile_targets(struct compilation *c, struct err *err)
{
	_cleanup_free_ uint8_t *used = calloc(1, TARGETS_MAX);
	int r = 0;

	if (!used)
		return err_set(err, ENOMEM, "out of memory");
	mark_used(c->current, used);
	for (size_t i = 0; i < c->model->group_count; i++) {
		const struct group *group = &c->model->groups[i];

		for (size_t j = 0; j < group->target_count && !r; j++)
			r = add_target(c, group, &group->targets[j], used, err);
	}
	return r;
}

static int group_row_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct group_row *)a)->hash, y = ((const struct group_row *)b)->hash;

	return (x > y) - (x < y);
}

static int index_groups(struct compilation *c, struct err *err)
{
	size_t count = c->model->group_count;

	c->groups = calloc(count + 1, sizeof(*c->groups));
	if (!c->groups)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		c->groups[i].group = &c->model->groups[i];
		c->groups[i].hash = group_hash(c->groups[i].group->name);
	}
	qsort(c->groups, count, sizeof(*c->groups), group_row_compare);
	return 0;
}

const struct group *find_group_by_hash(const struct compilation *c, uint64_t hash)
{
	const struct group_row key = { .hash = hash };
	const struct group_row *row = bsearch(&key, c->groups, c->model->group_count, sizeof(key),
					      group_row_compare);

	return row ? row->group : NULL;
}

/* Who is alive in the next image, and whether somebody died. */
static int find_alive(struct compilation *c, struct err *err)
{
	const struct image_target *rows = c->current->targets.rows;

	c->alive = image_alive_ids(c->next);
	if (!c->alive)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < c->current->targets.count && !c->deaths; i++)
		c->deaths = image_target_is_alive(&rows[i]) &&
			    c->alive[rows[i].index] != image_target_id(&rows[i]);
	return 0;
}

static void finish_config(struct compilation *c)
{
	struct config *config = &c->next->config;
	uint32_t longest = config->idle_timeout_tcp;

	for (size_t i = 0; i < c->model->group_count; i++) {
		if (c->model->groups[i].idle_timeout_s > longest)
			longest = c->model->groups[i].idle_timeout_s;
	}
	config->idle_timeout_longest = (uint16_t)longest;
	config->flags = (c->next->listener_ranges.count ? CONFIG_HAS_RANGES : 0) |
			(c->next->replies.count ? CONFIG_HAS_NAT : 0);
}

static void compilation_clean(struct compilation *c)
{
	image_free(&c->next);
	free(c->alive);
	free(c->groups);
	free(c->plans);
	free(c->lineages);
}

int compile(const struct model *model, const struct image *current,
	    const struct compile_options *options, struct image **out, struct err *err)
{
	_cleanup_(compilation_clean) struct compilation c = {
		.model = model,
		.current = current,
		.now = options->now,
		.never_refuse = options->never_refuse,
		.next = begin(model, current),
	};
	int r = c.next ? index_groups(&c, err) : err_set(err, ENOMEM, "out of memory");

	r = r ?: compile_targets(&c, err);
	r = r ?: find_alive(&c, err);
	r = r ?: plan_rings(&c, err);
	r = r ?: compile_rings(&c, err);
	r = r ?: compile_listeners(&c, err);
	r = r ?: compile_replies(&c, err);
	if (r)
		return r;
	finish_config(&c);
	*out = take_ptr(c.next);
	return 0;
}
