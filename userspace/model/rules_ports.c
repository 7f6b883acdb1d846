// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who has which ports: seen at once when listeners are sorted by address, protocol and ports. One
 * step of model/validate.c.
 */
#include "model/rules.h"

#include <errno.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "model/ranges.h"

/* Pointers into the model, room for every listener each. */
struct port_index {
	const struct listener **sorted;	/* by address, protocol, first port; wider ranges first */
	const struct listener **open;	/* a stack, used once */
	const struct listener **outer;	/* those that lie within no other: apart from each other */
	size_t count, outer_count;
};

static void clean_index(struct port_index *index)
{
	free(index->sorted);
	free(index->open);
	free(index->outer);
}

static int compare_places(const struct listener *x, const struct listener *y)
{
	return addr_compare(&x->addr, &y->addr) ?: x->protocol - y->protocol;
}

static int compare_ports(const void *a, const void *b)
{
	const struct listener *x = *(const struct listener *const *)a;
	const struct listener *y = *(const struct listener *const *)b;
	int order = compare_places(x, y);

	order = order ?: x->port_first - y->port_first;
	order = order ?: y->port_last - x->port_last;
	return order ?: (x > y) - (x < y);	/* the model's order: by name */
}

static int build_index(const struct model *model, struct port_index *index)
{
	size_t count = model->listener_count;

	index->sorted = calloc(count + 1, sizeof(*index->sorted));
	index->open = calloc(count + 1, sizeof(*index->open));
	index->outer = calloc(count + 1, sizeof(*index->outer));
	if (!index->sorted || !index->open || !index->outer)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		index->sorted[i] = &model->listeners[i];
	index->count = count;
	qsort(index->sorted, count, sizeof(*index->sorted), compare_ports);
	return 0;
}

/* Both start at or before inner's first port, outer before it or wider. */
static int check_pair(const struct listener *outer, const struct listener *inner, struct err *err)
{
	char addr[ADDR_TEXT_SIZE], ports[PORTS_TEXT_SIZE], more[PORTS_TEXT_SIZE];

	addr_format(&outer->addr, addr);
	ports_format(outer->port_first, outer->port_last, ports);
	ports_format(inner->port_first, inner->port_last, more);
	if (outer->port_first == inner->port_first && outer->port_last == inner->port_last)
		return err_set(err, EEXIST, "listeners '%s' and '%s' both have %s %s port %s",
			       outer->name, inner->name, addr, protocol_name(outer->protocol),
			       ports);
	if (inner->port_last > outer->port_last)
		return err_set(err, EINVAL,
			       "listeners '%s' (%s %s port %s) and '%s' (port %s) overlap in part: "
			       "let one lie within the other, or keep them apart",
			       outer->name, addr, protocol_name(outer->protocol), ports,
			       inner->name, more);
	return 0;
}

/* The open listeners are those around the ports reached; the innermost is on top. */
static int check_nesting(struct port_index *index, struct err *err)
{
	size_t depth = 0;
	int r = 0;

	for (size_t i = 0; i < index->count && !r; i++) {
		const struct listener *listener = index->sorted[i];

		while (depth && (compare_places(index->open[depth - 1], listener) ||
				 index->open[depth - 1]->port_last < listener->port_first))
			depth--;
		if (depth)
			r = check_pair(index->open[depth - 1], listener, err);
		else
			index->outer[index->outer_count++] = listener;
		index->open[depth++] = listener;
	}
	return r;
}

/* The listeners from `first` on that share its address and protocol; the number of them. */
static size_t take_ranges(const struct port_index *index, size_t first, struct port_range *ranges,
			  size_t *range_count)
{
	size_t i = first;

	*range_count = 0;
	for (; i < index->count; i++) {
		const struct listener *listener = index->sorted[i];

		if (compare_places(index->sorted[first], listener))
			break;
		if (listener->port_first == listener->port_last)
			continue;
		ranges[(*range_count)++] = (struct port_range){
			listener->port_first, listener->port_last, (uint16_t)(i - first),
		};
	}
	return i - first;
}

static int check_segments(const struct listener *listener, const struct port_range *ranges,
			  size_t count, struct err *err)
{
	struct port_ranges segments;
	char addr[ADDR_TEXT_SIZE];
	int r = ranges_flatten(ranges, count, &segments);

	if (r == -E2BIG)
		return err_set(err, EINVAL,
			       "the listeners of %s %s have too many port ranges: they make more than "
			       "%d separate pieces",
			       addr_format(&listener->addr, addr),
			       protocol_name(listener->protocol), RANGES_MAX);
	return r ? err_set(err, -r, "out of memory") : 0;
}

static int check_ranges(const struct port_index *index, struct err *err)
{
	_cleanup_free_ struct port_range *ranges = calloc(index->count + 1, sizeof(*ranges));
	size_t ranged = 0, count;
	int r = 0;

	if (!ranges)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < index->count && !r;) {
		const struct listener *listener = index->sorted[i];

		i += take_ranges(index, i, ranges, &count);
		r = check_segments(listener, ranges, count, err);
		ranged += count > 0;
	}
	if (!r && ranged > RANGED_ADDRESSES_MAX)
		return err_set(err, EINVAL,
			       "%zu pairs of address and protocol have listeners with port ranges; "
			       "%d is the limit", ranged, RANGED_ADDRESSES_MAX);
	return r;
}

struct port_key {
	const struct addr *addr;
	uint8_t protocol;
	uint16_t port;
};

static int compare_port(const void *a, const void *b)
{
	const struct listener *listener = *(const struct listener *const *)b;
	const struct port_key *key = a;
	int order = addr_compare(key->addr, &listener->addr) ?: key->protocol - listener->protocol;

	if (order)
		return order;
	return key->port < listener->port_first ? -1 : key->port > listener->port_last;
}

static int check_target(const struct port_index *index, const struct group *group,
			const struct target *target, uint8_t protocol, struct err *err)
{
	struct port_key key = { &target->addr, protocol, target->port };
	const struct listener *const *listener;
	char endpoint[ENDPOINT_TEXT_SIZE], hint[DRAIN_HINT_SIZE];

	listener = bsearch(&key, index->outer, index->outer_count, sizeof(*index->outer),
			   compare_port);
	if (!listener)
		return 0;
	return err_set(err, EINVAL, "target %s of group '%s' is itself a listener: '%s'%s",
		       endpoint_format(&target->addr, target->port, endpoint), group->name,
		       (*listener)->name, drain_hint(group, target, hint));
}

static int check_targets(const struct port_index *index, const struct group *group, uint8_t uses,
			 struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < group->target_count && !r; i++) {
		const struct target *target = &group->targets[i];

		if (uses & GROUP_USED_BY_TCP)
			r = check_target(index, group, target, IPPROTO_TCP, err);
		if (uses & GROUP_USED_BY_UDP)
			r = r ?: check_target(index, group, target, IPPROTO_UDP, err);
	}
	return r;
}

/* A group has no protocol of its own: what its listeners have counts. */
static int check_loops(const struct model *model, const struct port_index *index, struct err *err)
{
	_cleanup_free_ uint8_t *uses = model_group_uses(model);
	int r = 0;

	if (!uses)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < model->group_count && !r; i++)
		r = check_targets(index, &model->groups[i], uses[i], err);
	return r;
}

int rules_check_ports(const struct model *model, struct err *err)
{
	_cleanup_(clean_index) struct port_index index = { 0 };
	int r;

	if (build_index(model, &index))
		return err_set(err, ENOMEM, "out of memory");
	r = check_nesting(&index, err);
	r = r ?: check_ranges(&index, err);
	return r ?: check_loops(model, &index, err);
}
