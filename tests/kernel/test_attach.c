// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* dataplane/attach.c, link_pins.c: which interfaces run the program, from one daemon to the next. */
#include "dataplane/attach.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/err.h"
#include "dataplane/route.h"
#include "pinned.h"
#include "sandbox.h"

TestSuite(attach, .init = pinned_set_up);

static bool map_has(const char *name, uint32_t ifindex)
{
	char value[16];
	int fd = pinned_map(name);
	bool has = !bpf_map_lookup_elem(fd, &ifindex, value);

	close(fd);
	return has;
}

Test(attach, an_interface_that_is_not_named_any_more_is_detached)
{
	struct dataplane *dp = open_or_fail(2);

	attach_or_fail(dp);
	dataplane_close(&dp);
	dp = open_or_fail(1);
	attach_or_fail(dp);
	cr_assert_neq(program_on("eth0"), 0);
	cr_assert_eq(program_on("eth1"), 0);
	dataplane_close(&dp);
}

Test(attach, an_interface_that_came_back_anew_is_attached_again)
{
	struct dataplane *dp = open_or_fail(1);
	uint32_t link;
	unsigned pins;

	attach_or_fail(dp);
	dataplane_close(&dp);
	link = link_pinned_for("eth0");
	pins = count_pins();
	sandbox_run("ip link del eth0 && ip link add eth0 type veth peer name peer0 && ip link set eth0 up");
	dp = open_or_fail(1);
	attach_or_fail(dp);
	cr_assert_neq(program_on("eth0"), 0);
	cr_assert_neq(link_pinned_for("eth0"), 0);
	cr_assert_neq(link_pinned_for("eth0"), link);
	cr_assert_eq(count_pins(), pins);
	dataplane_close(&dp);
}

Test(attach, auto_falls_back_to_generic_and_says_why)
{
	const char *const names[] = { "bridge0" };
	const struct attachment *attachments;
	struct dataplane *dp = NULL;
	struct err err = { 0 };

	sandbox_run("ip link add bridge0 type bridge && ip link set bridge0 up");
	cr_assert_eq(open_with(names, 1, &dp, &err), 0, "%s", err.text);
	attach_or_fail(dp);
	cr_assert_eq(dataplane_attachments(dp, &attachments), 1);
	cr_assert_eq(attachments[0].mode, XDP_MODE_GENERIC);
	cr_assert_str_eq(attachments[0].why, "native mode failed: the driver has none");
	dataplane_close(&dp);

	cr_assert_eq(open_with(interfaces, 1, &dp, &err), 0, "%s", err.text);
	attach_or_fail(dp);
	dataplane_attachments(dp, &attachments);
	cr_assert_eq(attachments[0].mode, XDP_MODE_NATIVE);
	cr_assert_str_eq(attachments[0].why, "");
	dataplane_close(&dp);
}

Test(attach, native_mode_is_refused_where_the_driver_has_none_and_nothing_stays)
{
	const char *const names[] = { "eth0", "bridge0" };
	const struct dataplane_options options = {
		.interfaces = names,
		.interface_count = 2,
		.mode = XDP_MODE_NATIVE,
		.pin_dir = pin_dir,
	};
	struct dataplane *dp = NULL;
	struct err err = { 0 };

	sandbox_run("ip link add bridge0 type bridge");
	cr_assert_eq(dataplane_open(&options, &dp, &err), 0, "%s", err.text);
	cr_assert_lt(dataplane_attach(dp, &err), 0);
	cr_assert_str_eq(err.text, "interface 'bridge0': its driver has no native XDP; use --xdp-mode "
				   "generic");
	cr_assert_eq(program_on("eth0"), 0);
	cr_assert_neq(access(pin_dir, F_OK), 0);
	dataplane_close(&dp);
}

Test(attach, bad_interfaces_are_refused_by_name)
{
	static const struct {
		const char *name, *text;
	} cases[] = {
		{ "eth7", "there is no interface 'eth7'; `ip link` lists them" },
		{ "averyverylongname", "interface 'averyverylongname': the name is too long" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dataplane *dp = NULL;
		struct err err = { 0 };

		cr_assert_lt(open_with(&cases[i].name, 1, &dp, &err), 0);
		cr_assert_str_eq(err.text, cases[i].text);
		cr_assert_null(dp);
	}
}

Test(attach, another_xdp_program_on_the_interface_is_left_alone)
{
	struct dataplane *dp = open_or_fail(1), *other = NULL;
	struct err err = { 0 };
	__u32 id;

	attach_or_fail(dp);
	id = program_on("eth0");
	strcat(pin_dir, "2");
	cr_assert_eq(open_with(interfaces, 1, &other, &err), 0, "%s", err.text);
	cr_assert_lt(dataplane_attach(other, &err), 0);
	cr_assert(strstr(err.text, "interface 'eth0' already runs another XDP program (id "), "%s",
		  err.text);
	cr_assert_eq(program_on("eth0"), id);
	dataplane_close(&other);
	dataplane_close(&dp);
}

Test(attach, no_way_out_is_left_by_an_interface_that_is_not_named_any_more)
{
	uint32_t eth0 = if_nametoindex("eth0"), eth1 = if_nametoindex("eth1");
	const struct route_link links[] = {
		{ .ifindex = eth0, .entry.ifindex = eth0 },
		{ .ifindex = eth1, .entry.ifindex = eth1 },
	};
	struct dataplane *dp = open_or_fail(2);
	struct err err = { 0 };

	cr_assert_eq(dataplane_set_links(dp, links, 2, &err), 0, "%s", err.text);
	attach_or_fail(dp);
	cr_assert(map_has("links", eth1) && map_has("devices", eth1));
	dataplane_close(&dp);

	dp = open_or_fail(1);
	cr_assert_eq(dataplane_set_links(dp, links, 1, &err), 0, "%s", err.text);
	attach_or_fail(dp);
	cr_assert(map_has("links", eth0) && map_has("devices", eth0));
	cr_assert_not(map_has("links", eth1));
	cr_assert_not(map_has("devices", eth1));
	dataplane_close(&dp);
}

Test(attach, an_interface_may_have_a_dot_in_its_name)
{
	const char *const names[] = { "eth0.7" };
	struct dataplane *dp = NULL;
	struct err err = { 0 };
	__u32 before;

	sandbox_run("ip link set eth0 down && ip link set eth0 name eth0.7");
	cr_assert_eq(open_with(names, 1, &dp, &err), 0, "%s", err.text);
	attach_or_fail(dp);
	before = program_on("eth0.7");
	dataplane_close(&dp);
	cr_assert_eq(open_with(names, 1, &dp, &err), 0, "%s", err.text);
	attach_or_fail(dp);
	cr_assert_neq(program_on("eth0.7"), before);
	cr_assert_neq(program_on("eth0.7"), 0, "taken over, and not among those to detach");
	dataplane_close(&dp);
}

Test(attach, another_mode_than_that_of_the_link_in_force_is_refused)
{
	struct dataplane_options options = {
		.interfaces = interfaces,
		.interface_count = 1,
		.mode = XDP_MODE_GENERIC,
		.pin_dir = pin_dir,
	};
	const struct attachment *attachments;
	struct dataplane *dp = NULL;
	struct err err = { 0 };
	__u32 before;

	cr_assert_eq(dataplane_open(&options, &dp, &err), 0, "%s", err.text);
	attach_or_fail(dp);
	before = program_on("eth0");
	dataplane_close(&dp);
	options.mode = XDP_MODE_NATIVE;
	cr_assert_eq(dataplane_open(&options, &dp, &err), 0, "%s", err.text);
	cr_assert_eq(dataplane_attach(dp, &err), -EBUSY);
	cr_assert(strstr(err.text, "interface 'eth0' is attached in generic mode: for --xdp-mode native "
				   "run `sluicectl detach` first"), "%s", err.text);
	cr_assert_eq(program_on("eth0"), before, "traffic goes on as it did");
	dataplane_close(&dp);

	dp = open_or_fail(1);
	attach_or_fail(dp);
	dataplane_attachments(dp, &attachments);
	cr_assert_eq(attachments[0].mode, XDP_MODE_GENERIC);
	cr_assert_str_eq(attachments[0].why, "so it was attached before this start");
	dataplane_close(&dp);
}

Test(attach, an_interface_that_is_named_twice_is_refused)
{
	const char *const names[] = { "eth0", "eth1", "eth0" };
	struct dataplane *dp = NULL;
	struct err err = { 0 };

	cr_assert_eq(open_with(names, 3, &dp, &err), -EINVAL);
	cr_assert_str_eq(err.text, "interface 'eth0' is named twice");
}

/*
 * ---- interfaces that are renamed, or removed, while they are pinned ---------------------------
 */

static void attach_named(const char *const *names, size_t count)
{
	struct dataplane *dp = NULL;
	struct err err = { 0 };

	cr_assert_eq(open_with(names, count, &dp, &err), 0, "%s", err.text);
	attach_or_fail(dp);
	dataplane_close(&dp);
}

Test(attach, a_renamed_interface_keeps_its_link)
{
	const char *const names[] = { "wan0" };
	uint32_t link, before;

	attach_named(interfaces, 1);
	link = link_pinned_for("eth0");
	before = program_on("eth0");
	sandbox_run("ip link set eth0 down && ip link set eth0 name wan0");
	attach_named(names, 1);
	cr_assert_eq(link_pinned_for("wan0"), link);
	cr_assert_neq(program_on("wan0"), 0);
	cr_assert_neq(program_on("wan0"), before);
	cr_assert_not(is_pinned("link-eth0"));
}

Test(attach, interfaces_that_swapped_names_keep_their_links)
{
	uint32_t eth0, eth1;
	unsigned pins;

	attach_named(interfaces, 2);
	eth0 = link_pinned_for("eth0");
	eth1 = link_pinned_for("eth1");
	pins = count_pins();
	sandbox_run("ip link set eth0 down && ip link set eth1 down && "
		    "ip link set eth0 name other && ip link set eth1 name eth0 && "
		    "ip link set other name eth1");
	attach_named(interfaces, 2);
	cr_assert_eq(link_pinned_for("eth0"), eth1);
	cr_assert_eq(link_pinned_for("eth1"), eth0);
	cr_assert_neq(program_on("eth0"), 0);
	cr_assert_eq(program_on("eth0"), program_on("eth1"));
	cr_assert_eq(count_pins(), pins);
}

Test(attach, an_interface_that_lost_its_name_to_a_named_one_is_detached)
{
	uint32_t eth1;

	attach_named(interfaces, 2);
	eth1 = link_pinned_for("eth1");
	sandbox_run("ip link set eth0 down && ip link set eth1 down && "
		    "ip link set eth0 name other && ip link set eth1 name eth0");
	attach_named(interfaces, 1);
	cr_assert_eq(link_pinned_for("eth0"), eth1);
	cr_assert_eq(program_on("other"), 0);
	cr_assert_not(is_pinned("link-eth1"));
	cr_assert_not(is_pinned("link-moved-aside-for-eth0"));
}

Test(attach, the_link_of_an_interface_that_is_gone_is_unpinned)
{
	attach_named(interfaces, 2);
	sandbox_run("ip link del eth1");
	cr_assert(is_pinned("link-eth1"));
	attach_named(interfaces, 1);
	cr_assert_not(is_pinned("link-eth1"));
	cr_assert_neq(program_on("eth0"), 0);
}

/* Of two interfaces the second can not be attached: the first goes on with what it ran. */
Test(attach, what_is_refused_for_one_interface_changes_nothing_on_the_others)
{
	const char *const names[] = { "eth0", "bridge0" };
	struct dataplane_options options = pinned_options(1);
	struct dataplane *dp;
	struct err err = { 0 };
	uint32_t before;

	attach_named(interfaces, 1);
	before = program_on("eth0");
	sandbox_run("ip link add bridge0 type bridge");
	options.interfaces = names;
	options.interface_count = 2;
	options.mode = XDP_MODE_NATIVE;
	dp = open_data_plane(&options);
	cr_assert_lt(dataplane_attach(dp, &err), 0);
	cr_assert_eq(program_on("eth0"), before);
	cr_assert_eq(program_on("bridge0"), 0);
	dataplane_close(&dp);
}
