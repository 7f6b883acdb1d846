// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/compile.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
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
	fill_hop(entry, group, target);
}

static void mark_used(const struct image *current, uint8_t *used)
{
	const struct image_target *rows = current->targets.rows;

	for (size_t i = 0; i < current->targets.count; i++)
		used[rows[i].index] = 1;
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
	row->index = before ? before->index : take_index(c->next, used);
	if (!row->index)
		return err_set(err, ENOSPC,
			       "more than %d targets together with those that this change removes: "
			       "remove them first", TARGETS_MAX - 1);
	if (!before)
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

int compile(const struct model *model, const struct image *current, struct image **out,
	    struct err *err)
{
	struct compilation c = { .model = model,
				 .current = current,
				 .next = begin(model, current) };
	int r;

	if (!c.next)
		return err_set(err, ENOMEM, "out of memory");
	r = compile_targets(&c, err);
	r = r ?: compile_rings(&c, err);
	r = r ?: compile_listeners(&c, err);
	r = r ?: compile_replies(&c, err);
	if (r) {
		image_free(&c.next);
		return r;
	}
	c.next->config.flags = (c.next->listener_ranges.count ? CONFIG_HAS_RANGES : 0) |
			       (c.next->replies.count ? CONFIG_HAS_NAT : 0);
	*out = c.next;
	return 0;
}
