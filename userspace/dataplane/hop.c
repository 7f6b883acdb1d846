// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Route + links + neighbour -> next hop, and what the log says of its changes. */
#include "dataplane/hop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/log.h"
#include "dataplane/link_table.h"
#include "dataplane/neighbour.h"

enum { LINES_MAX = 10, WHY_SIZE = 160 };

/* ---- the neighbour --------------------------------------------------------------------------- */

static bool holds_the_right_one(const struct hop *hop)
{
	return hop->neighbour && hop->neighbour->ifindex == hop->route.ifindex &&
	       !addr_compare(&hop->neighbour->addr, &hop->route.via);
}

void hop_drop_neighbour(struct hop *hop, struct neighbours *set)
{
	if (hop->neighbour)
		neighbours_drop(set, hop->neighbour);
	hop->neighbour = NULL;
}

int hop_hold_neighbour(struct hop *hop, const struct link_table *links, struct neighbours *set)
{
	const struct route_answer *route = &hop->route;
	struct link_entry egress;

	if (route->kind != ROUTE_UNICAST || !link_table_egress(links, route->ifindex, &egress)) {
		hop_drop_neighbour(hop, set);
		return 0;
	}
	if (holds_the_right_one(hop))
		return 0;
	hop_drop_neighbour(hop, set);
	hop->neighbour = neighbours_hold(set, route->ifindex, &route->via);
	return hop->neighbour ? 0 : -ENOMEM;
}

/* ---- the next hop ---------------------------------------------------------------------------- */

static enum hop_state unicast_state(const struct hop *hop, const struct link_row *link,
				    bool has_egress)
{
	if (!has_egress)
		return HOP_NO_XDP;
	if (!link->is_up || !hop->neighbour || !hop->neighbour->facts.is_resolved)
		return HOP_NO_NEIGHBOUR;
	return HOP_RESOLVED;
}

static enum hop_state state_of(const struct hop *hop, const struct link_row *link, bool has_egress)
{
	switch (hop->route.kind) {
	case ROUTE_UNKNOWN:
		return HOP_UNKNOWN;
	case ROUTE_NONE:
		return HOP_NO_ROUTE;
	case ROUTE_LOCAL:
		return HOP_LOCAL;
	case ROUTE_UNICAST:
		break;
	}
	return unicast_state(hop, link, has_egress);
}

static void compute(const struct hop *hop, const struct link_table *links, struct next_hop *out)
{
	const struct route_answer *route = &hop->route;
	const struct link_row *link = link_table_find(links, route->ifindex);
	struct link_entry egress;
	bool has_egress = link_table_egress(links, route->ifindex, &egress);

	*out = (struct next_hop){ .state = state_of(hop, link, has_egress) };
	if (out->state != HOP_RESOLVED)
		return;
	out->ifindex = egress.ifindex;
	out->vlan = ntohs(egress.vlan);
	out->mtu = route->mtu && route->mtu < link->mtu ? route->mtu : link->mtu;
	memcpy(out->dst_mac, hop->neighbour->facts.mac, sizeof(out->dst_mac));
	memcpy(out->src_mac, link->mac, sizeof(out->src_mac));
	out->source = route->source;
}

/* ---- the log --------------------------------------------------------------------------------- */

static const char *name_of(const struct link_row *link)
{
	return link ? link->name : "an interface that is gone";
}

static const char *explain(const struct hop *hop, const struct link_table *links, char *why)
{
	const struct link_row *link = link_table_find(links, hop->route.ifindex);
	char via[ADDR_TEXT_SIZE];

	switch (hop->next.state) {
	case HOP_NO_ROUTE:
		return "no route leads there";
	case HOP_LOCAL:
		return "it is an address of this host";
	case HOP_NO_XDP:
		snprintf(why, WHY_SIZE, "the route leaves by %s, which is not among --interface",
			 name_of(link));
		return why;
	case HOP_NO_NEIGHBOUR:
		if (link->is_up)
			snprintf(why, WHY_SIZE, "no neighbour answers for %s on %s",
				 addr_format(&hop->route.via, via), link->name);
		else
			snprintf(why, WHY_SIZE, "%s is down or has no carrier", link->name);
		return why;
	default:
		return hop_state_name(hop->next.state);
	}
}

void hop_log_end(struct hop_log *log)
{
	if (log->lost > LINES_MAX)
		log_warning("route", "%u more addresses have no usable next hop; "
			    "see `sluicectl target list`", log->lost - LINES_MAX);
	if (log->resolved > LINES_MAX)
		log_info("route", "the next hops of %u more addresses are resolved again",
			 log->resolved - LINES_MAX);
	*log = (struct hop_log){ .lost = 0 };
}

/* The first answer of a neighbour takes its time, and is nothing to warn about before it fails. */
static bool is_being_resolved(const struct hop *hop, enum hop_state before,
			      const struct link_table *links)
{
	return hop->next.state == HOP_NO_NEIGHBOUR && before != HOP_RESOLVED && hop->neighbour &&
	       !neighbour_is_silent(hop->neighbour) &&
	       link_table_find(links, hop->route.ifindex)->is_up;
}

static void report(struct hop *hop, struct hop_log *log, const struct link_table *links)
{
	char why[WHY_SIZE], addr[ADDR_TEXT_SIZE];

	addr_format(&hop->addr, addr);
	hop->has_warned = hop->next.state != HOP_RESOLVED;
	if (hop->has_warned && log->lost++ < LINES_MAX)
		log_warning("route", "next hop of %s: %s", addr, explain(hop, links, why));
	if (!hop->has_warned && log->resolved++ < LINES_MAX)
		log_info("route", "next hop of %s: resolved again", addr);
}

static void report_debug(const struct hop *hop, enum hop_state before)
{
	char addr[ADDR_TEXT_SIZE];

	log_debug("route", "next hop of %s: %s -> %s", addr_format(&hop->addr, addr),
		  hop_state_name(before), hop_state_name(hop->next.state));
}

bool hop_refresh(struct hop *hop, const struct link_table *links, struct hop_log *log)
{
	struct next_hop before = hop->next;
	enum hop_state state;

	compute(hop, links, &hop->next);
	state = hop->next.state;
	if (state != before.state)
		report_debug(hop, before.state);
	if (state != HOP_UNKNOWN && (state != HOP_RESOLVED) != hop->has_warned &&
	    !is_being_resolved(hop, before.state, links))
		report(hop, log, links);
	return memcmp(&before, &hop->next, sizeof(before));
}
