// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/dataplane.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/err.h"
#include "dataplane/compile.h"
#include "dataplane/compile_parts.h"
#include "dataplane/image.h"
#include "dataplane/loader.h"
#include "dataplane/route.h"
#include "model/model.h"
#include "parse_model.h"
#include "sandbox.h"

static char pin_dir[64];
static const char *const interfaces[] = { "eth0", "eth1" };

static void set_up(void)
{
	snprintf(pin_dir, sizeof(pin_dir), "%s/sluice", sandbox_enter());
	sandbox_run("ip link add eth0 type veth peer name peer0 && ip link set eth0 up");
	sandbox_run("ip link add eth1 type veth peer name peer1 && ip link set eth1 up");
}

static int open_with(const char *const *names, size_t count, struct dataplane **dp, struct err *err)
{
	const struct dataplane_options options = {
		.interfaces = names,
		.interface_count = count,
		.pin_dir = pin_dir,
	};

	return dataplane_open(&options, dp, err);
}

static struct dataplane *open_or_fail(size_t count)
{
	struct dataplane *dp = NULL;
	struct err err = { 0 };

	cr_assert_eq(open_with(interfaces, count, &dp, &err), 0, "%s", err.text);
	return dp;
}

static void apply_or_fail(struct dataplane *dp, struct model *model)
{
	struct err err = { 0 };

	cr_assert_eq(dataplane_apply(dp, model, &err), 0, "%s", err.text);
	model_free(&model);
}

static __u32 program_on(const char *interface)
{
	__u32 id = 0;

	cr_assert_eq(bpf_xdp_query_id((int)if_nametoindex(interface), 0, &id), 0);
	return id;
}

#define MODEL                                                                                  \
	"listeners:\n"                                                                         \
	"  - { name: web, address: 192.0.2.1, protocol: tcp, port: 80, group: web }\n"         \
	"  - { name: any, address: 192.0.2.2, protocol: udp, port: any, group: udp }\n"        \
	"  - { name: some, address: 192.0.2.2, protocol: udp, port: 10-20, group: udp }\n"     \
	"groups:\n"                                                                            \
	"  - { name: web, targets: [{ address: 10.0.0.1, port: 80 }, { address: 10.0.0.2, port: 80 }] }\n" \
	"  - { name: udp, targets: [{ address: 10.0.0.1, port: 80 }] }\n"

static void check_rows(const struct table *was, const struct table *wanted, size_t row_size)
{
	cr_assert_eq(was->count, wanted->count);
	cr_assert(!was->count || !memcmp(was->rows, wanted->rows, was->count * row_size));
}

/* What the maps hold, compared with what a model compiles to. */
static void check_maps(const char *yaml)
{
	struct image *was = NULL, *wanted = NULL;
	struct model *model = parse_model(yaml);
	struct loader *loader = NULL;
	struct err err = { 0 };
	bool adopted;

	cr_assert_eq(loader_open(pin_dir, &loader, &adopted, &err), 0, "%s", err.text);
	cr_assert(adopted);
	cr_assert_eq(image_read(loader_maps(loader), &was), 0);
	cr_assert_eq(compile(model, was, &wanted, &err), 0, "%s", err.text);
	check_rows(&was->targets, &wanted->targets, sizeof(struct image_target));
	check_rows(&was->listeners, &wanted->listeners, sizeof(struct image_listener));
	check_rows(&was->replies, &wanted->replies, sizeof(struct image_reply));
	check_rows(&was->listener_ranges, &wanted->listener_ranges, sizeof(struct image_ranges));
	check_rows(&was->reply_ranges, &wanted->reply_ranges, sizeof(struct image_ranges));
	cr_assert_eq(was->ids.count, wanted->ids.count);
	cr_assert_eq(memcmp(&was->config, &wanted->config, sizeof(was->config)), 0);
	for (size_t i = 0; i < was->rings.count; i++) {
		const struct image_ring *a = (const struct image_ring *)was->rings.rows + i;
		const struct image_ring *b = (const struct image_ring *)wanted->rings.rows + i;

		cr_assert(a->base == b->base && a->bits == b->bits);
		cr_assert_eq(memcmp(a->slots->id, b->slots->id, sizeof(uint32_t) << a->bits), 0);
	}
	image_free(&was);
	image_free(&wanted);
	loader_close(&loader);
	model_free(&model);
}

TestSuite(dataplane, .init = set_up);

Test(dataplane, what_is_applied_stands_in_the_maps_and_is_read_back_by_the_next_daemon)
{
	struct dataplane *dp = open_or_fail(2);
	struct err err = { 0 };

	apply_or_fail(dp, parse_model(MODEL));
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	dataplane_close(&dp);
	check_maps(MODEL);
}

Test(dataplane, a_restart_replaces_the_program_and_keeps_counters_and_ids)
{
	struct dataplane *dp = open_or_fail(2);
	struct err err = { 0 };
	__u32 before;

	apply_or_fail(dp, parse_model(MODEL));
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	before = program_on("eth0");
	cr_assert_neq(before, 0);
	dataplane_close(&dp);
	cr_assert_eq(program_on("eth0"), before, "a daemon that ends leaves the program");

	dp = open_or_fail(2);
	apply_or_fail(dp, parse_model(MODEL));
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	cr_assert_neq(program_on("eth0"), before);
	cr_assert_neq(program_on("eth0"), 0);
	dataplane_close(&dp);
	check_maps(MODEL);
}

Test(dataplane, health_is_recalled_after_a_restart)
{
	struct dataplane *dp = open_or_fail(1);
	struct model *model = parse_model(MODEL), *restarted = parse_model(MODEL);
	struct group *group = model_find_group(restarted, "web");
	struct err err = { 0 };

	model_find_group(model, "web")->targets[1].state = TARGET_UNHEALTHY;
	model_find_group(model, "web")->targets[1].reason = TARGET_REASON_TIMEOUT;
	apply_or_fail(dp, model);
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	dataplane_close(&dp);

	dp = open_or_fail(1);
	group->targets[0].state = group->targets[1].state = TARGET_INITIAL;
	dataplane_recall(dp, restarted);
	cr_assert_eq(group->targets[0].state, TARGET_HEALTHY);
	cr_assert_eq(group->targets[1].state, TARGET_UNHEALTHY);
	cr_assert_eq(group->targets[1].reason, TARGET_REASON_TIMEOUT);
	dataplane_close(&dp);
	model_free(&restarted);
}

Test(dataplane, detach_takes_everything_off)
{
	struct dataplane *dp = open_or_fail(2);
	struct err err = { 0 };

	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	cr_assert_eq(dataplane_detach(dp, &err), 0, "%s", err.text);
	cr_assert_eq(program_on("eth0"), 0);
	cr_assert_eq(program_on("eth1"), 0);
	cr_assert_neq(access(pin_dir, F_OK), 0);
	dataplane_close(&dp);
}

Test(dataplane, an_interface_that_is_not_named_any_more_is_detached)
{
	struct dataplane *dp = open_or_fail(2);
	struct err err = { 0 };

	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	dataplane_close(&dp);
	dp = open_or_fail(1);
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	cr_assert_neq(program_on("eth0"), 0);
	cr_assert_eq(program_on("eth1"), 0);
	dataplane_close(&dp);
}

Test(dataplane, an_interface_that_came_back_anew_is_attached_again)
{
	struct dataplane *dp = open_or_fail(1);
	struct err err = { 0 };

	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	dataplane_close(&dp);
	sandbox_run("ip link del eth0 && ip link add eth0 type veth peer name peer0 && ip link set eth0 up");
	dp = open_or_fail(1);
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	cr_assert_neq(program_on("eth0"), 0);
	dataplane_close(&dp);
}

Test(dataplane, auto_falls_back_to_generic_and_says_why)
{
	const char *const names[] = { "bridge0" };
	const struct attachment *attachments;
	struct dataplane *dp = NULL;
	struct err err = { 0 };

	sandbox_run("ip link add bridge0 type bridge && ip link set bridge0 up");
	cr_assert_eq(open_with(names, 1, &dp, &err), 0, "%s", err.text);
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	cr_assert_eq(dataplane_attachments(dp, &attachments), 1);
	cr_assert_eq(attachments[0].mode, XDP_MODE_GENERIC);
	cr_assert_str_eq(attachments[0].why, "native mode failed: the driver has none");
	dataplane_close(&dp);

	cr_assert_eq(open_with(interfaces, 1, &dp, &err), 0, "%s", err.text);
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	dataplane_attachments(dp, &attachments);
	cr_assert_eq(attachments[0].mode, XDP_MODE_NATIVE);
	cr_assert_str_eq(attachments[0].why, "");
	dataplane_close(&dp);
}

Test(dataplane, native_mode_is_refused_where_the_driver_has_none_and_nothing_stays)
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

Test(dataplane, bad_interfaces_are_refused_by_name)
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

Test(dataplane, a_pin_directory_that_is_not_on_a_bpffs_is_refused)
{
	struct dataplane *dp = NULL;
	struct err err = { 0 };

	strcpy(pin_dir, "/tmp/sluice");
	cr_assert_eq(open_with(interfaces, 1, &dp, &err), -ENOTSUP);
	cr_assert_str_eq(err.text, "pin directory /tmp/sluice: no bpffs is mounted at /tmp; mount it "
				   "with `mount -t bpf bpf /tmp`");
}

Test(dataplane, maps_of_another_version_are_refused)
{
	struct dataplane *dp = open_or_fail(1);
	struct err err = { 0 };
	struct config config;
	const __u32 zero = 0;
	char path[96];
	int fd;

	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	dataplane_close(&dp);
	snprintf(path, sizeof(path), "%s/config", pin_dir);
	fd = bpf_obj_get(path);
	cr_assert_eq(bpf_map_lookup_elem(fd, &zero, &config), 0);
	config.abi_version = ABI_VERSION + 1;
	cr_assert_eq(bpf_map_update_elem(fd, &zero, &config, BPF_ANY), 0);
	close(fd);
	cr_assert_eq(open_with(interfaces, 1, &dp, &err), -EEXIST);
	cr_assert(strstr(err.text, "holds maps of another version of sluiced"), "%s", err.text);
}

Test(dataplane, another_xdp_program_on_the_interface_is_left_alone)
{
	struct dataplane *dp = open_or_fail(1), *other = NULL;
	struct err err = { 0 };
	__u32 id;

	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
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

static int pinned(const char *name)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", pin_dir, name);
	fd = bpf_obj_get(path);
	cr_assert_geq(fd, 0, "%s", path);
	return fd;
}

static bool map_has(const char *name, uint32_t ifindex)
{
	char value[16];
	int fd = pinned(name);
	bool has = !bpf_map_lookup_elem(fd, &ifindex, value);

	close(fd);
	return has;
}

Test(dataplane, no_way_out_is_left_by_an_interface_that_is_not_named_any_more)
{
	uint32_t eth0 = if_nametoindex("eth0"), eth1 = if_nametoindex("eth1");
	const struct route_link links[] = {
		{ .ifindex = eth0, .entry.ifindex = eth0 },
		{ .ifindex = eth1, .entry.ifindex = eth1 },
	};
	struct dataplane *dp = open_or_fail(2);
	struct err err = { 0 };

	cr_assert_eq(dataplane_set_links(dp, links, 2, &err), 0, "%s", err.text);
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	cr_assert(map_has("links", eth1) && map_has("devices", eth1));
	dataplane_close(&dp);

	dp = open_or_fail(1);
	cr_assert_eq(dataplane_set_links(dp, links, 1, &err), 0, "%s", err.text);
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	cr_assert(map_has("links", eth0) && map_has("devices", eth0));
	cr_assert_not(map_has("links", eth1));
	cr_assert_not(map_has("devices", eth1));
	dataplane_close(&dp);
}

Test(dataplane, an_interface_may_have_a_dot_in_its_name)
{
	const char *const names[] = { "eth0.7" };
	struct dataplane *dp = NULL;
	struct err err = { 0 };
	__u32 before;

	sandbox_run("ip link set eth0 name eth0.7");
	cr_assert_eq(open_with(names, 1, &dp, &err), 0, "%s", err.text);
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	before = program_on("eth0.7");
	dataplane_close(&dp);
	cr_assert_eq(open_with(names, 1, &dp, &err), 0, "%s", err.text);
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	cr_assert_neq(program_on("eth0.7"), before);
	cr_assert_neq(program_on("eth0.7"), 0, "taken over, and not among those to detach");
	dataplane_close(&dp);
}

Test(dataplane, another_mode_than_that_of_the_link_in_force_is_refused)
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
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
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
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	dataplane_attachments(dp, &attachments);
	cr_assert_eq(attachments[0].mode, XDP_MODE_GENERIC);
	cr_assert_str_eq(attachments[0].why, "so it was attached before this start");
	dataplane_close(&dp);
}

Test(dataplane, a_second_daemon_with_the_same_pins_is_refused)
{
	struct dataplane *first = open_or_fail(1), *second = NULL;
	struct err err = { 0 };

	cr_assert_eq(dataplane_attach(first, &err), 0, "%s", err.text);
	cr_assert_eq(open_with(interfaces + 1, 1, &second, &err), -EBUSY);
	cr_assert_str_eq(err.text, "another sluiced is running with the pin directory /mnt/sluice");
	dataplane_close(&first);
	cr_assert_eq(open_with(interfaces, 1, &second, &err), 0, "%s", err.text);
	dataplane_close(&second);
}

Test(dataplane, of_two_daemons_that_start_at_once_with_the_same_pins_one_is_refused)
{
	struct dataplane *first = open_or_fail(1), *second = NULL;
	struct err err = { 0 };

	cr_assert_eq(open_with(interfaces + 1, 1, &second, &err), 0, "%s", err.text);
	cr_assert_eq(dataplane_attach(first, &err), 0, "%s", err.text);
	cr_assert_eq(dataplane_attach(second, &err), -EBUSY);
	cr_assert_eq(program_on("eth1"), 0);
	dataplane_close(&second);
	dataplane_close(&first);
	check_maps("");
}

Test(dataplane, a_whole_bpffs_is_no_pin_directory)
{
	struct dataplane *dp = NULL;
	struct err err = { 0 };

	strcpy(pin_dir, "/mnt");
	cr_assert_eq(open_with(interfaces, 1, &dp, &err), -EINVAL);
	cr_assert_str_eq(err.text, "pin directory /mnt is a whole bpffs, which others use too: give a "
				   "directory in it, such as /mnt/sluice");
}

Test(dataplane, an_interface_that_is_named_twice_is_refused)
{
	const char *const names[] = { "eth0", "eth1", "eth0" };
	struct dataplane *dp = NULL;
	struct err err = { 0 };

	cr_assert_eq(open_with(names, 3, &dp, &err), -EINVAL);
	cr_assert_str_eq(err.text, "interface 'eth0' is named twice");
}

#define TWO_LISTENERS(second)                                                                  \
	"listeners:\n"                                                                         \
	"  - { name: one, address: 192.0.2.1, protocol: tcp, port: 80, group: a }\n"           \
	"  - { name: two, address: 192.0.2.2, protocol: tcp, port: 80, group: " second " }\n"  \
	"groups:\n"                                                                            \
	"  - { name: a, forwarding: ipip, targets: [{ address: 10.0.0.1, port: 80 }] }\n"      \
	"  - { name: b, forwarding: ipip, targets: [{ address: 10.0.0.2, port: 80 }] }\n"

/* As a daemon that was killed between the two writes of a listener that gets another group. */
static void write_label_alone(const char *name, const char *routing)
{
	int fd = pinned("listener_labels");
	struct listener_label label;

	for (uint32_t id = 1; id < LISTENERS_MAX; id++) {
		cr_assert_eq(bpf_map_lookup_elem(fd, &id, &label), 0);
		if (strcmp(label.name, name))
			continue;
		label.routing = routing_hash(routing);
		cr_assert_eq(bpf_map_update_elem(fd, &id, &label, BPF_ANY), 0);
		close(fd);
		return;
	}
	cr_assert_fail("no label for %s", name);
}

Test(dataplane, a_daemon_killed_while_it_moved_a_listener_leaves_no_ring_to_two_routings)
{
	struct dataplane *dp = open_or_fail(1);
	struct err err = { 0 };

	apply_or_fail(dp, parse_model(TWO_LISTENERS("a")));
	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
	dataplane_close(&dp);
	write_label_alone("two", "b");

	dp = open_or_fail(1);
	apply_or_fail(dp, parse_model(TWO_LISTENERS("b")));
	dataplane_close(&dp);
	check_maps(TWO_LISTENERS("b"));
}

Test(kernel_check, old_kernels_are_refused)
{
	struct err err = { 0 };

	cr_assert_eq(kernel_check("6.1.0-31-amd64", &err), 0);
	cr_assert_eq(kernel_check("6.18.44", &err), 0);
	cr_assert_eq(kernel_check("7.0-rc1", &err), 0);
	cr_assert_eq(kernel_check("5.15.0-100-generic", &err), -EOPNOTSUPP);
	cr_assert_str_eq(err.text, "kernel 5.15.0-100-generic is too old: 6.1 or later is needed");
	cr_assert_eq(kernel_check("6.0.19", NULL), -EOPNOTSUPP);
}
