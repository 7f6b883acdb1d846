// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/dataplane.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/err.h"
#include "dataplane/loader.h"
#include "model/model.h"
#include "parse_model.h"
#include "pinned.h"

#define MODEL                                                                                  \
	"listeners:\n"                                                                         \
	"  - { name: web, address: 192.0.2.1, protocol: tcp, port: 80, group: web }\n"         \
	"  - { name: any, address: 192.0.2.2, protocol: udp, port: any, group: udp }\n"        \
	"  - { name: some, address: 192.0.2.2, protocol: udp, port: 10-20, group: udp }\n"     \
	"groups:\n"                                                                            \
	"  - { name: web, targets: [{ address: 10.0.0.1, port: 80 }, { address: 10.0.0.2, port: 80 }] }\n" \
	"  - { name: udp, targets: [{ address: 10.0.0.1, port: 80 }] }\n"

#define SMALLER                                                                                \
	"listeners:\n"                                                                         \
	"  - { name: web, address: 192.0.2.1, protocol: tcp, port: 80, group: web }\n"         \
	"groups:\n"                                                                            \
	"  - { name: web, targets: [{ address: 10.0.0.1, port: 80 }] }\n"

TestSuite(dataplane, .init = pinned_set_up);

Test(dataplane, what_is_applied_stands_in_the_maps_and_is_read_back_by_the_next_daemon)
{
	struct dataplane *dp = open_or_fail(2);

	apply_yaml(dp, MODEL);
	attach_or_fail(dp);
	dataplane_close(&dp);
	check_maps(MODEL);
}

Test(dataplane, a_restart_replaces_the_program_and_keeps_counters_and_ids)
{
	const struct dataplane_options options = pinned_options(2);
	uint32_t before, link;

	run_daemon(&options, MODEL);
	before = program_on("eth0");
	link = link_pinned_for("eth0");
	cr_assert_neq(before, 0, "a daemon that ends leaves the program");
	run_daemon(&options, MODEL);
	cr_assert_neq(program_on("eth0"), before);
	cr_assert_neq(program_on("eth0"), 0);
	cr_assert_eq(program_on("eth0"), program_on("eth1"));
	cr_assert_eq(link_pinned_for("eth0"), link);
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
	model_settle(model, 0);
	cr_assert_eq(dataplane_apply(dp, model, &err), 0, "%s", err.text);
	model_free(&model);
	attach_or_fail(dp);
	dataplane_close(&dp);

	dp = open_or_fail(1);
	group->targets[0].state = group->targets[1].state = TARGET_INITIAL;
	dataplane_recall(dp, restarted);
	cr_assert_eq(group->targets[0].state, TARGET_HEALTHY);
	cr_assert_eq(group->targets[1].state, TARGET_UNHEALTHY);
	cr_assert_eq(group->targets[1].reason, TARGET_REASON_TIMEOUT);
	cr_assert(group->targets[0].alive && !group->targets[1].alive);
	dataplane_close(&dp);
	model_free(&restarted);
}

static void prepare(struct dataplane *dp, const char *yaml)
{
	struct model *model = parse_model(yaml);
	struct err err = { 0 };

	model_settle(model, 0);
	cr_assert_eq(dataplane_prepare(dp, model, &err), 0, "%s", err.text);
	model_free(&model);
}

/* A daemon that is killed before it has saved a change leaves nothing of it. */
Test(dataplane, what_is_prepared_is_not_in_the_maps_before_it_is_committed)
{
	struct dataplane *dp = open_or_fail(1);
	struct err err = { 0 };

	apply_yaml(dp, SMALLER);
	attach_or_fail(dp);
	prepare(dp, MODEL);
	prepare(dp, MODEL);
	dataplane_close(&dp);
	check_maps(SMALLER);

	dp = open_or_fail(1);
	prepare(dp, SMALLER);
	prepare(dp, MODEL);
	cr_assert_eq(dataplane_commit(dp, &err), 0, "%s", err.text);
	dataplane_close(&dp);
	check_maps(MODEL);
}

Test(dataplane, detach_takes_everything_off)
{
	struct dataplane *dp = open_or_fail(2);
	struct err err = { 0 };

	attach_or_fail(dp);
	cr_assert_eq(dataplane_detach(dp, &err), 0, "%s", err.text);
	cr_assert_eq(program_on("eth0"), 0);
	cr_assert_eq(program_on("eth1"), 0);
	cr_assert_neq(access(pin_dir, F_OK), 0);
	dataplane_close(&dp);
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

#define TWO_LISTENERS(second)                                                                  \
	"listeners:\n"                                                                         \
	"  - { name: one, address: 192.0.2.1, protocol: tcp, port: 80, group: a }\n"           \
	"  - { name: two, address: 192.0.2.2, protocol: tcp, port: 80, group: " second " }\n"  \
	"groups:\n"                                                                            \
	"  - { name: a, forwarding: ipip, targets: [{ address: 10.0.0.1, port: 80 }] }\n"      \
	"  - { name: b, forwarding: ipip, targets: [{ address: 10.0.0.2, port: 80 }] }\n"

/* As a daemon that was killed between the two writes of a listener that gets another group. */
static void write_label_alone(const char *name, uint64_t routing)
{
	int fd = pinned_map("listener_labels");
	struct listener_label label;

	for (uint32_t id = 1; id < LISTENERS_MAX; id++) {
		cr_assert_eq(bpf_map_lookup_elem(fd, &id, &label), 0);
		if (strcmp(label.name, name))
			continue;
		label.ring = label.routing = routing;
		cr_assert_eq(bpf_map_update_elem(fd, &id, &label, BPF_ANY), 0);
		close(fd);
		return;
	}
	cr_assert_fail("no label for %s", name);
}

Test(dataplane, a_daemon_killed_while_it_moved_a_listener_leaves_no_ring_to_two_routings)
{
	struct dataplane *dp = open_or_fail(1);

	apply_yaml(dp, TWO_LISTENERS("a"));
	attach_or_fail(dp);
	dataplane_close(&dp);
	write_label_alone("two", 7);

	dp = open_or_fail(1);
	apply_yaml(dp, TWO_LISTENERS("b"));
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
