// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The sorted set of hops: followed, marked stale by changes, looked up, refreshed. */
#include "dataplane/hops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "dataplane/hop.h"
#include "model/array.h"

void hops_clean(struct hops *hops)
{
	free(hops->rows);
	*hops = (struct hops){ .rows = NULL };
}

/* ---- following ------------------------------------------------------------------------------- */

static int compare_addresses(const void *a, const void *b)
{
	return addr_compare(a, b);
}

/* One new hop for each of the sorted addresses; the number. */
static size_t make_rows(const struct addr *addresses, size_t count, struct hop *out)
{
	size_t made = 0;

	for (size_t i = 0; i < count; i++) {
		if (made && !addr_compare(&addresses[i], &out[made - 1].addr))
			continue;
		out[made++] = (struct hop){ .addr = addresses[i], .is_stale = true };
	}
	return made;
}

/* Those that were followed before stay what they are. */
static void carry_rows(const struct hops *hops, struct hop *next, size_t count,
		       struct neighbours *neighbours)
{
	struct hop *old = hops->rows, *end = old + hops->count;

	for (size_t i = 0; i < count; i++) {
		while (old < end && addr_compare(&old->addr, &next[i].addr) < 0)
			hop_drop_neighbour(old++, neighbours);
		if (old < end && !addr_compare(&old->addr, &next[i].addr))
			next[i] = *old++;
	}
	while (old < end)
		hop_drop_neighbour(old++, neighbours);
}

int hops_follow(struct hops *hops, const struct addr *addresses, size_t count,
		struct neighbours *neighbours)
{
	_cleanup_free_ struct addr *sorted = reallocarray(NULL, count + 1, sizeof(*sorted));
	_cleanup_free_ struct hop *rows = reallocarray(NULL, count + 1, sizeof(*rows));

	if (!sorted || !rows)
		return -ENOMEM;
	if (count)
		memcpy(sorted, addresses, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_addresses);
	count = make_rows(sorted, count, rows);
	carry_rows(hops, rows, count, neighbours);
	free(hops->rows);
	hops->rows = take_ptr(rows);
	hops->count = count;
	return 0;
}

/* ---- finding --------------------------------------------------------------------------------- */

static int compare_to_hop(const void *addr, const void *hop)
{
	return addr_compare(addr, &((const struct hop *)hop)->addr);
}

static size_t place_of(const struct hops *hops, const struct addr *addr, bool *found)
{
	return array_find(addr, hops->rows, hops->count, sizeof(*hops->rows), compare_to_hop,
			  found);
}

const struct hop *hops_find(const struct hops *hops, const struct addr *addr)
{
	bool found;
	size_t at = place_of(hops, addr, &found);

	return found ? &hops->rows[at] : NULL;
}

/* ---- routes ---------------------------------------------------------------------------------- */

bool hops_mark_all(struct hops *hops)
{
	for (size_t i = 0; i < hops->count; i++)
		hops->rows[i].is_stale = true;
	return hops->count;
}

bool hops_mark_range(struct hops *hops, const struct addr_range *range)
{
	bool found, any = false;

	for (size_t i = place_of(hops, &range->first, &found); i < hops->count; i++) {
		struct hop *hop = &hops->rows[i];

		if (addr_compare(&hop->addr, &range->last) > 0)
			break;
		if (addr_is_v4(&hop->addr) == range->is_v4)
			hop->is_stale = any = true;
	}
	return any;
}

bool hops_mark_link(struct hops *hops, uint32_t ifindex, bool is_v4)
{
	bool any = false;

	for (size_t i = 0; i < hops->count; i++) {
		struct hop *hop = &hops->rows[i];

		if (hop->route.ifindex == ifindex && addr_is_v4(&hop->addr) == is_v4)
			hop->is_stale = any = true;
	}
	return any;
}

static const struct addr *stale_address(size_t index, void *context)
{
	struct hop *const *stale = context;

	return &stale[index]->addr;
}

static void take_answer(const struct route_answer *answer, size_t index, void *context)
{
	struct hop *const *stale = context;

	stale[index]->route = *answer;
	stale[index]->is_stale = false;
}

int hops_look_up(struct hops *hops, struct netlink *netlink)
{
	_cleanup_free_ struct hop **stale = reallocarray(NULL, hops->count + 1, sizeof(*stale));
	struct route_lookup lookup = {
		.address = stale_address,
		.done = take_answer,
		.context = stale,
	};
	int r;

	if (!stale)
		return -ENOMEM;
	for (size_t i = 0; i < hops->count; i++) {
		if (hops->rows[i].is_stale)
			stale[lookup.count++] = &hops->rows[i];
	}
	r = route_lookup(netlink, &lookup);
	for (size_t i = 0; !r && i < lookup.count; i++)
		r = stale[i]->is_stale ? -ENOBUFS : 0;
	return r;
}

/* ---- next hops ------------------------------------------------------------------------------- */

int hops_hold_neighbours(struct hops *hops, const struct link_table *links,
			 struct neighbours *neighbours)
{
	int r = 0;

	for (size_t i = 0; i < hops->count; i++)
		r = hop_hold_neighbour(&hops->rows[i], links, neighbours) ?: r;
	return r;
}

bool hops_refresh(struct hops *hops, const struct link_table *links, struct hop_log *log)
{
	bool changed = false;

	for (size_t i = 0; i < hops->count; i++)
		changed |= hop_refresh(&hops->rows[i], links, log);
	return changed;
}
