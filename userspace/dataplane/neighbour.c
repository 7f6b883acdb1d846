// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The set of neighbours and the kernel's facts about them; neighbour_tend.c acts on these. */
#include "dataplane/neighbour.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "dataplane/netlink.h"

enum {
	NUD_RESOLVED = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE |
		       NUD_DELAY,
};

/* ---- the set --------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
	const struct neighbour *left = a, *right = b;

	if (left->ifindex != right->ifindex)
		return left->ifindex < right->ifindex ? -1 : 1;
	return addr_compare(&left->addr, &right->addr);
}

/* The nodes of the tree begin with the pointer to what was put in. */
static struct neighbour *find(const struct neighbours *set, const struct neighbour *key)
{
	struct neighbour *const *node = tfind(key, &set->tree, compare_keys);

	return node ? *node : NULL;
}

static struct neighbour *add(struct neighbours *set, const struct neighbour *neighbour)
{
	struct neighbour *added = malloc(sizeof(*added));

	if (!added)
		return NULL;
	*added = *neighbour;
	if (!tsearch(added, &set->tree, compare_keys)) {
		free(added);
		return NULL;
	}
	added->next = set->first;
	set->first = added;
	set->count++;
	set->needs_tending = true;
	return added;
}

void neighbours_remove_unheld(struct neighbours *set)
{
	struct neighbour **place = &set->first;

	while (*place) {
		struct neighbour *neighbour = *place;

		if (neighbour->holders) {
			place = &neighbour->next;
			continue;
		}
		*place = neighbour->next;
		tdelete(neighbour, &set->tree, compare_keys);
		free(neighbour);
		set->count--;
	}
}

void neighbours_clean(struct neighbours *set)
{
	for (struct neighbour *n = set->first; n; n = n->next)
		n->holders = 0;
	neighbours_remove_unheld(set);
}

struct neighbour *neighbours_hold(struct neighbours *set, uint32_t ifindex,
				  const struct addr *addr)
{
	const struct neighbour wanted = { .ifindex = ifindex, .addr = *addr, .is_unknown = true };
	struct neighbour *neighbour = find(set, &wanted) ?: add(set, &wanted);

	if (neighbour)
		neighbour->holders++;
	return neighbour;
}

void neighbours_drop(struct neighbours *set, struct neighbour *neighbour)
{
	if (!--neighbour->holders)
		set->needs_tending = true;
}

void neighbours_doubt(struct neighbours *set)
{
	for (struct neighbour *n = set->first; n; n = n->next)
		n->is_unknown = true;
	set->needs_tending = true;
}

bool neighbour_is_silent(const struct neighbour *neighbour)
{
	return neighbour->facts.state & NUD_FAILED;
}

/* ---- from the kernel ------------------------------------------------------------------------- */

/* False: not a neighbour, but a bridge's forwarding entry; that may have an IP address too. */
static bool read_key(const struct nlmsghdr *message, struct neighbour *out)
{
	const struct ndmsg *entry = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr[NDA_MAX + 1];

	netlink_parse(message, sizeof(*entry), attr, NDA_MAX);
	out->ifindex = (uint32_t)entry->ndm_ifindex;
	return (entry->ndm_family == AF_INET || entry->ndm_family == AF_INET6) &&
	       netlink_get_addr(attr[NDA_DST], &out->addr);
}

void neighbour_read(const struct nlmsghdr *message, struct neighbour_facts *out)
{
	const struct ndmsg *entry = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr[NDA_MAX + 1];
	bool is_learned = entry->ndm_flags & NTF_EXT_LEARNED, is_marked;

	netlink_parse(message, sizeof(*entry), attr, NDA_MAX);
	is_marked = attr[NDA_PROTOCOL] && mnl_attr_get_u8(attr[NDA_PROTOCOL]) == NEIGHBOUR_MARK;
	*out = (struct neighbour_facts){ .state = entry->ndm_state, .is_there = true };
	out->is_kept = attr[NDA_FLAGS_EXT] &&
		       (mnl_attr_get_u32(attr[NDA_FLAGS_EXT]) & NTF_EXT_MANAGED);
	out->is_ours = is_marked && (is_learned || out->is_kept);
	out->is_foreign = is_learned && !out->is_kept && !is_marked;
	if (!(entry->ndm_state & NUD_RESOLVED) || !attr[NDA_LLADDR] ||
	    mnl_attr_get_payload_len(attr[NDA_LLADDR]) != sizeof(out->mac))
		return;
	memcpy(out->mac, mnl_attr_get_payload(attr[NDA_LLADDR]), sizeof(out->mac));
	out->is_resolved = true;
}

bool neighbours_update(struct neighbours *set, const struct nlmsghdr *message)
{
	struct neighbour key = { .holders = 0 }, *neighbour;
	struct neighbour_facts before;

	if (!read_key(message, &key))
		return false;
	neighbour = find(set, &key);
	if (!neighbour)
		return false;
	before = neighbour->facts;
	if (message->nlmsg_type == RTM_NEWNEIGH)
		neighbour_read(message, &neighbour->facts);
	else
		neighbour->facts = (struct neighbour_facts){ 0 };
	if (!memcmp(&before, &neighbour->facts, sizeof(before)))
		return false;
	set->needs_tending = true;
	return true;
}

struct adoption {
	struct neighbours *set;
	int error;
};

static void adopt(const struct nlmsghdr *message, void *context)
{
	struct adoption *adoption = context;
	struct neighbour left = { .holders = 0 };

	if (!read_key(message, &left) || find(adoption->set, &left))
		return;
	neighbour_read(message, &left.facts);
	if (left.facts.is_ours && !add(adoption->set, &left))
		adoption->error = -ENOMEM;
}

int neighbours_adopt(struct neighbours *set, struct netlink *netlink)
{
	struct adoption adoption = { .set = set };

	return netlink_dump(netlink, RTM_GETNEIGH, adopt, &adoption) ?: adoption.error;
}
