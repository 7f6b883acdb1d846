// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is to be done about neighbours, and the kernel asked to do it. An entry that it keeps for us
 * has three marks. NTF_EXT_MANAGED: the kernel resolves it and keeps it resolved by itself.
 * NTF_EXT_LEARNED: it does not count towards the limit of the table (gc_thresh3, 1024 by default)
 * and is never collected. NDA_PROTOCOL: it was us, so that a later daemon can let it go. A kernel
 * that does not know the first resolves the entry whenever asked (NTF_USE), and is asked again and
 * again.
 */
#include "dataplane/neighbour.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "dataplane/link_table.h"
#include "dataplane/netlink.h"

enum {
	ASK_PAUSE_MS = 1000,	/* others may undo what we ask for: no race with them */
	ASKS_AT_ONCE = 500,	/* each becomes a broadcast, and a flood of them gets lost */
};

struct tending {
	const struct link_table *links;
	uint64_t now_ms;
	struct neighbour **picked;
};

static void put_key(struct nlmsghdr *request, uint16_t type, const struct neighbour *neighbour,
		    uint8_t flags)
{
	struct ndmsg *entry = mnl_nlmsg_put_extra_header(request, sizeof(*entry));

	request->nlmsg_type = type;
	entry->ndm_family = netlink_family(&neighbour->addr);
	entry->ndm_ifindex = (int)neighbour->ifindex;
	entry->ndm_flags = flags;
	netlink_put_addr(request, NDA_DST, &neighbour->addr);
}

static bool is_unknown(const struct neighbour *neighbour, const struct tending *tending)
{
	(void)tending;
	return neighbour->is_unknown;
}

static void build_question(struct nlmsghdr *request, size_t index, void *context)
{
	const struct tending *tending = context;

	put_key(request, RTM_GETNEIGH, tending->picked[index], 0);
}

static void take_facts(const struct nlmsghdr *reply, int error, size_t index, void *context)
{
	const struct tending *tending = context;
	struct neighbour *neighbour = tending->picked[index];

	if (error == -ENOMEM || error == -ENOBUFS)
		return;
	neighbour->is_unknown = false;
	neighbour->facts = (struct neighbour_facts){ 0 };
	if (reply)
		neighbour_read(reply, &neighbour->facts);
}

/*
 * Nothing to do for the kernel, or nothing that we may have it do: to ask for a static entry would
 * make it lose its address.
 */
static bool is_settled(const struct neighbour *neighbour)
{
	const struct neighbour_facts *facts = &neighbour->facts;

	return !neighbour->is_unknown && (facts->is_kept || facts->is_foreign ||
					  (facts->state & (NUD_PERMANENT | NUD_NOARP)));
}

/*
 * On a link that is down it waits: asked for when that comes up it is resolved at once; one that
 * has failed before would have to wait for the kernel's own timer.
 */
static bool can_be_kept(const struct neighbour *neighbour, const struct link_table *links)
{
	const struct link_row *link = link_table_find(links, neighbour->ifindex);

	return neighbour->holders && link && link->is_up && !is_settled(neighbour);
}

static bool is_to_be_kept(const struct neighbour *neighbour, const struct tending *tending)
{
	return !neighbour->is_unknown && can_be_kept(neighbour, tending->links) &&
	       (!neighbour->asked_ms || tending->now_ms - neighbour->asked_ms >= ASK_PAUSE_MS);
}

/* NLM_F_EXCL: if a static entry has come meanwhile, it stays as it is. */
static void build_keep(struct nlmsghdr *request, size_t index, void *context)
{
	const struct tending *tending = context;
	struct neighbour *neighbour = tending->picked[index];

	put_key(request, RTM_NEWNEIGH, neighbour, NTF_USE | NTF_EXT_LEARNED);
	request->nlmsg_flags = NLM_F_ACK;
	if (!neighbour->facts.is_there)
		request->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put_u32(request, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
	mnl_attr_put_u8(request, NDA_PROTOCOL, NEIGHBOUR_MARK);
	neighbour->asked_ms = tending->now_ms;
}

static void take_kept(const struct nlmsghdr *reply, int error, size_t index, void *context)
{
	const struct tending *tending = context;
	struct neighbour *neighbour = tending->picked[index];
	const struct link_row *link = link_table_find(tending->links, neighbour->ifindex);
	char text[ADDR_TEXT_SIZE];

	(void)reply;
	neighbour->is_unknown = true;
	if (error && error != -EEXIST && error != -ENOENT && !neighbour->has_failed) {
		log_warning("route", "the kernel does not resolve neighbour %s on %s: %s",
			    addr_format(&neighbour->addr, text), link ? link->name : "?",
			    strerror(-error));
		neighbour->has_failed = true;
	}
	if (!error)
		neighbour->has_failed = false;
}

static bool is_to_be_let_go(const struct neighbour *neighbour, const struct tending *tending)
{
	(void)tending;
	return !neighbour->holders && neighbour->facts.is_ours;
}

/* Without the flags of build_keep it becomes an entry as any other, in the state that it is in. */
static void build_let_go(struct nlmsghdr *request, size_t index, void *context)
{
	const struct tending *tending = context;

	put_key(request, RTM_NEWNEIGH, tending->picked[index], NTF_USE);
	request->nlmsg_flags = NLM_F_ACK;
}

/* It fails only if the entry or the link is gone. */
static void take_let_go(const struct nlmsghdr *reply, int error, size_t index, void *context)
{
	(void)reply, (void)error, (void)index, (void)context;
}

struct task {
	bool (*pick)(const struct neighbour *neighbour, const struct tending *tending);
	void (*build)(struct nlmsghdr *request, size_t index, void *context);
	void (*answer)(const struct nlmsghdr *reply, int error, size_t index, void *context);
	size_t max;
};

static const struct task tasks[] = {
	{ is_unknown, build_question, take_facts, SIZE_MAX },
	{ is_to_be_kept, build_keep, take_kept, ASKS_AT_ONCE },
	{ is_unknown, build_question, take_facts, SIZE_MAX },
	{ is_to_be_let_go, build_let_go, take_let_go, SIZE_MAX },
};

static int run_task(struct neighbours *set, struct netlink *netlink, const struct task *task,
		    struct tending *tending)
{
	struct netlink_batch batch = {
		.build = task->build,
		.answer = task->answer,
		.context = tending,
	};

	for (struct neighbour *n = set->first; n; n = n->next) {
		if (!task->pick(n, tending))
			continue;
		if (batch.count == task->max) {
			set->has_more = true;
			break;
		}
		tending->picked[batch.count++] = n;
	}
	return netlink_run(netlink, &batch);
}

static bool is_unfinished(const struct neighbour *neighbour, const struct link_table *links)
{
	return neighbour->is_unknown || can_be_kept(neighbour, links);
}

int neighbours_tend(struct neighbours *set, struct netlink *netlink, const struct link_table *links,
		    uint64_t now_ms)
{
	struct tending tending = { .links = links, .now_ms = now_ms };
	_cleanup_free_ struct neighbour **picked = NULL;

	if (!set->needs_tending)
		return 0;
	picked = reallocarray(NULL, set->count + 1, sizeof(*picked));
	if (!picked)
		return -ENOMEM;
	tending.picked = picked;
	set->has_more = false;
	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++) {
		int r = run_task(set, netlink, &tasks[i], &tending);

		if (r)
			return r;
	}
	neighbours_remove_unheld(set);
	set->needs_tending = false;
	for (const struct neighbour *n = set->first; n; n = n->next)
		set->needs_tending |= is_unfinished(n, links);
	return 0;
}
