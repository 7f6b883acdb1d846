// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* dataplane/loader.c, handover.c: pins that can be adopted, and what is done about all others. */
#include "dataplane/loader.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/err.h"
#include "model/model.h"
#include "parse_model.h"
#include "pinned.h"

#define HINT                                                                                   \
	"`sluiced --replace` takes over (flows in transition are forgotten, nothing else; no " \
	"packet is lost)"

#define LISTENERS                                                                              \
	"listeners:\n"                                                                         \
	"  - { name: web, address: 192.0.2.1, protocol: tcp, port: 80, group: web }\n"         \
	"  - { name: web6, address: \"2001:db8::1\", protocol: tcp, port: 80, group: web6 }\n" \
	"  - { name: some, address: 192.0.2.2, protocol: udp, port: 10-20, group: udp }\n"     \
	"groups:\n"                                                                            \
	"  - { name: udp, targets: [{ address: 10.0.0.1, port: 80 }] }\n"                      \
	"  - { name: web6, forwarding: ipip, targets: [{ address: \"fd00::1\", port: 80 }] }\n"

#define TARGET(n) "{ address: 10.0.0." #n ", port: 80 }"
#define ONE_TARGET	LISTENERS "  - { name: web, targets: [" TARGET(1) "] }\n"
#define TWO_TARGETS	LISTENERS "  - { name: web, targets: [" TARGET(1) ", " TARGET(2) "] }\n"

TestSuite(upgrade, .init = pinned_set_up);

static struct dataplane_options replacing(size_t interface_count)
{
	struct dataplane_options options = pinned_options(interface_count);

	options.replace = true;
	return options;
}

static void expect_refused(const struct dataplane_options *options, const char *sentence)
{
	struct dataplane *dp = NULL;
	struct err err = { 0 };

	cr_assert_eq(dataplane_open(options, &dp, &err), -EEXIST);
	cr_expect_str_eq(err.text, sentence);
}

/* What is logged from here on. */
static void divert_log(void)
{
	int fd = memfd_create("log", 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
}

static bool logged(const char *line)
{
	static char text[1 << 16];
	ssize_t size = pread(STDERR_FILENO, text, sizeof(text) - 1, 0);

	cr_assert_geq(size, 0);
	text[size] = '\0';
	return strstr(text, line);
}

static uint32_t buckets_of(const char *name)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = pinned_map(name);

	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	close(fd);
	return info.max_entries;
}

/* A whole pinned array, mapped. */
static void *map_array(const char *name, size_t size)
{
	int fd = pinned_map(name);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	cr_assert_neq(memory, MAP_FAILED);
	close(fd);
	return memory;
}

/*
 * ---- other versions ---------------------------------------------------------------------------
 */

Test(upgrade, maps_of_another_version_are_refused_with_both_numbers)
{
	const struct dataplane_options options = pinned_options(1);
	char sentence[256];
	uint32_t before;

	run_daemon(&options, TWO_TARGETS);
	before = program_on("eth0");
	for (uint32_t version = ABI_VERSION - 1; version <= ABI_VERSION + 1; version += 2) {
		set_pinned_version(version);
		snprintf(sentence, sizeof(sentence),
			 "/mnt/sluice holds maps of ABI version %u, this sluiced has version %u: "
			 HINT, version, ABI_VERSION);
		expect_refused(&options, sentence);
		cr_assert_eq(program_on("eth0"), before);
		cr_assert_eq(pinned_version(), version);
	}
}

Test(upgrade, replace_takes_the_links_over_with_new_maps)
{
	const struct dataplane_options options = pinned_options(2), replace = replacing(2);
	uint32_t before, link;
	unsigned pins;

	run_daemon(&options, TWO_TARGETS);
	before = program_on("eth0");
	link = link_pinned_for("eth0");
	pins = count_pins();
	set_pinned_version(ABI_VERSION + 1);
	run_daemon(&replace, TWO_TARGETS);
	cr_assert_eq(link_pinned_for("eth0"), link, "the same link");
	cr_assert_neq(program_on("eth0"), before);
	cr_assert_neq(program_on("eth0"), 0);
	cr_assert_eq(program_on("eth0"), program_on("eth1"));
	cr_assert_eq(pinned_version(), ABI_VERSION);
	cr_assert_eq(count_pins(), pins);
	check_maps(TWO_TARGETS);
}

Test(upgrade, replace_without_pins_is_a_start_like_any_other)
{
	const struct dataplane_options replace = replacing(2);

	run_daemon(&replace, TWO_TARGETS);
	cr_assert_neq(program_on("eth0"), 0);
	check_maps(TWO_TARGETS);
}

/* Pinned only until every link runs the new program, or somebody would adopt what nobody keeps. */
Test(upgrade, a_replacement_that_is_refused_leaves_all_as_it_was)
{
	const char *const names[] = { "eth0", "lo2" };
	struct dataplane_options options = pinned_options(1), replace = replacing(1);
	struct dataplane *dp;
	struct err err = { 0 };
	uint32_t before;
	unsigned pins;

	run_daemon(&options, TWO_TARGETS);
	before = program_on("eth0");
	pins = count_pins();
	cr_assert_eq(system("ip link add lo2 type bridge"), 0);
	replace.interfaces = names;
	replace.interface_count = 2;
	replace.mode = XDP_MODE_NATIVE;
	dp = open_data_plane(&replace);
	apply_yaml(dp, ONE_TARGET);
	cr_assert_lt(dataplane_attach(dp, &err), 0);
	cr_assert_eq(program_on("eth0"), before);
	cr_assert_eq(count_pins(), pins);
	dataplane_close(&dp);
	check_maps(TWO_TARGETS);
}

/*
 * ---- what is handed over ----------------------------------------------------------------------
 */

static uint32_t slots_naming(const union slot *slots, enum slot_condition condition, bool any)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < SLOTS_MAX; i++)
		count += slots[i].current && (any || slots[i].condition == condition);
	return count;
}

static uint64_t *current_targets(void)
{
	size_t size = SLOTS_MAX * sizeof(union slot);
	union slot *slots = map_array("slots", size);
	uint64_t *ids = calloc(SLOTS_MAX, sizeof(*ids));

	cr_assert_not_null(ids);
	for (uint32_t i = 0; i < SLOTS_MAX; i++)
		ids[i] = slots[i].current;
	munmap(slots, size);
	return ids;
}

Test(upgrade, replace_moves_no_slot_and_forgets_all_transitions)
{
	const struct dataplane_options options = pinned_options(1), replace = replacing(1);
	size_t size = SLOTS_MAX * sizeof(union slot);
	uint64_t *before, *after;
	union slot *slots;

	run_daemon(&options, TWO_TARGETS);
	run_daemon(&options, ONE_TARGET);
	run_daemon(&options, TWO_TARGETS);
	slots = map_array("slots", size);
	cr_assert_gt(slots_naming(slots, SLOT_LEARNING, false), 0);
	munmap(slots, size);
	before = current_targets();

	run_daemon(&replace, TWO_TARGETS);
	after = current_targets();
	cr_assert_eq(memcmp(before, after, SLOTS_MAX * sizeof(*before)), 0);
	slots = map_array("slots", size);
	cr_assert_gt(slots_naming(slots, SLOT_STABLE, true), 0);
	cr_assert_eq(slots_naming(slots, SLOT_STABLE, false), slots_naming(slots, SLOT_STABLE, true));
	munmap(slots, size);
	free(before);
	free(after);
}

/* A change that comes with the new daemon is a change like any other: its slots learn. */
Test(upgrade, a_change_that_comes_with_the_replacement_keeps_flows)
{
	const struct dataplane_options options = pinned_options(1), replace = replacing(1);
	size_t size = SLOTS_MAX * sizeof(union slot);
	union slot *slots;

	run_daemon(&options, ONE_TARGET);
	run_daemon(&replace, TWO_TARGETS);
	slots = map_array("slots", size);
	cr_assert_gt(slots_naming(slots, SLOT_LEARNING, false), 0);
	munmap(slots, size);
}

/* Rings never shrink, or flows would move: so a new daemon has to know how large they are. */
Test(upgrade, replace_keeps_the_size_of_rings)
{
	static const char grown[] = LISTENERS "  - { name: web, targets: [" TARGET(1) ", " TARGET(2)
		", " TARGET(3) ", " TARGET(4) ", " TARGET(5) ", " TARGET(6) ", " TARGET(7) "] }\n";
	const struct dataplane_options options = pinned_options(1), replace = replacing(1);
	size_t size = SLOTS_MAX * sizeof(union slot);
	union slot *slots;
	uint32_t before;

	run_daemon(&options, grown);
	run_daemon(&options, ONE_TARGET);
	slots = map_array("slots", size);
	before = slots_naming(slots, SLOT_STABLE, true);
	munmap(slots, size);
	run_daemon(&replace, ONE_TARGET);
	slots = map_array("slots", size);
	cr_assert_eq(slots_naming(slots, SLOT_STABLE, true), before);
	munmap(slots, size);
}

static void count_packets(const char *name, uint32_t last)
{
	int cpus = libbpf_num_possible_cpus(), fd = pinned_map(name);
	struct traffic *traffic = calloc((size_t)cpus, sizeof(*traffic));

	cr_assert_not_null(traffic);
	for (int cpu = 0; cpu < cpus; cpu++)
		traffic[cpu].packets = 10 + (uint64_t)cpu;
	for (uint32_t index = 1; index <= last; index++)
		cr_assert_eq(bpf_map_update_elem(fd, &index, traffic, BPF_ANY), 0);
	free(traffic);
	close(fd);
}

static void count_reason(enum reason reason, uint64_t packets)
{
	int cpus = libbpf_num_possible_cpus(), fd = pinned_map("reasons");
	uint64_t *values = calloc((size_t)cpus, sizeof(*values));
	uint32_t index = reason;

	cr_assert_not_null(values);
	values[0] = packets;
	cr_assert_eq(bpf_map_update_elem(fd, &index, values, BPF_ANY), 0);
	free(values);
	close(fd);
}

static void expect_counted(const struct dataplane *dp, const char *yaml, bool reasons)
{
	uint64_t cpus = (uint64_t)libbpf_num_possible_cpus(), count[REASON_COUNT];
	uint64_t packets = 10 * cpus + cpus * (cpus - 1) / 2;
	struct model *model = parse_model(yaml);
	struct group *group = model_find_group(model, "web");
	struct traffic traffic;

	dataplane_listener_traffic(dp, model_find_listener(model, "web6"), &traffic);
	cr_expect_eq(traffic.packets, packets);
	dataplane_target_traffic(dp, group, &group->targets[1], &traffic);
	cr_expect_eq(traffic.packets, packets);
	dataplane_reasons(dp, count);
	cr_expect_eq(count[REASON_FORWARDED], reasons ? 77 : 0);
	model_free(&model);
}

Test(upgrade, replace_keeps_counters)
{
	const struct dataplane_options options = pinned_options(1), replace = replacing(1);
	struct dataplane *dp;

	run_daemon(&options, TWO_TARGETS);
	count_packets("listener_traffic", 3);
	count_packets("target_traffic", 4);
	count_reason(REASON_FORWARDED, 77);
	run_daemon(&replace, TWO_TARGETS);
	dp = open_or_fail(1);
	expect_counted(dp, TWO_TARGETS, true);
	dataplane_close(&dp);

	/* What number stands for what reason is not known of another version. */
	set_pinned_version(ABI_VERSION + 1);
	run_daemon(&replace, TWO_TARGETS);
	dp = open_or_fail(1);
	expect_counted(dp, TWO_TARGETS, false);
	dataplane_close(&dp);
}

static void expect_health_recalled(const struct dataplane_options *options)
{
	struct model *model = parse_model(TWO_TARGETS);
	struct target *targets = model_find_group(model, "web")->targets;
	struct dataplane *dp = open_data_plane(options);

	targets[0].state = targets[1].state = TARGET_INITIAL;
	dataplane_recall(dp, model);
	cr_expect_eq(targets[0].state, TARGET_UNHEALTHY);
	cr_expect_eq(targets[0].reason, TARGET_REASON_TIMEOUT);
	cr_expect_eq(targets[1].state, TARGET_HEALTHY);
	dataplane_close(&dp);
	model_free(&model);
}

static void run_with_an_unhealthy_target(void)
{
	struct model *model = parse_model(TWO_TARGETS);
	struct target *target = &model_find_group(model, "web")->targets[0];
	struct dataplane *dp = open_or_fail(2);
	struct err err = { 0 };

	target->state = TARGET_UNHEALTHY;
	target->reason = TARGET_REASON_TIMEOUT;
	model_settle(model, 0);
	cr_assert_eq(dataplane_apply(dp, model, &err), 0, "%s", err.text);
	attach_or_fail(dp);
	dataplane_close(&dp);
	model_free(&model);
}

Test(upgrade, replace_recalls_health)
{
	const struct dataplane_options replace = replacing(2);

	run_with_an_unhealthy_target();
	expect_health_recalled(&replace);
	set_pinned_version(ABI_VERSION - 1);
	expect_health_recalled(&replace);
}

/* As in a version whose values are shorter, or have grown. */
static void resize_values(const char *name, uint32_t entries, uint32_t value_size)
{
	int fd = pinned_map(name), other;
	char path[128], value[1024] = { 0 };

	other = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, 4, value_size, entries, NULL);
	cr_assert_geq(other, 0);
	for (uint32_t i = 0; i < entries; i++) {
		cr_assert_eq(bpf_map_lookup_elem(fd, &i, value), 0);
		cr_assert_eq(bpf_map_update_elem(other, &i, value, BPF_ANY), 0);
	}
	unpin(name);
	snprintf(path, sizeof(path), "%s/%s", pin_dir, name);
	cr_assert_eq(bpf_obj_pin(other, path), 0);
	close(other);
	close(fd);
}

Test(upgrade, values_of_another_version_may_have_another_length)
{
	const struct dataplane_options options = pinned_options(2), replace = replacing(2);

	run_with_an_unhealthy_target();
	resize_values("target_labels", TARGETS_MAX, offsetof(struct target_label, since_ms));
	resize_values("targets", TARGETS_MAX, sizeof(struct target_entry) + 8);
	set_pinned_version(ABI_VERSION - 1);
	expect_health_recalled(&replace);
	run_daemon(&replace, TWO_TARGETS);
	run_daemon(&options, TWO_TARGETS);
	check_maps(TWO_TARGETS);
}

/* The same number does not make them the same maps. */
Test(upgrade, maps_that_are_not_as_the_program_has_them_are_refused)
{
	const struct dataplane_options options = pinned_options(2), replace = replacing(2);

	run_daemon(&options, TWO_TARGETS);
	resize_values("targets", TARGETS_MAX, sizeof(struct target_entry) + 8);
	expect_refused(&options, "/mnt/sluice/targets is not the map that this sluiced has by that "
				 "name: " HINT);
	run_daemon(&replace, TWO_TARGETS);
	run_daemon(&options, TWO_TARGETS);
}

/* Maps that the version before had and this one has not; not those of others in other directories. */
Test(upgrade, replace_leaves_no_pin_that_nobody_knows)
{
	const struct dataplane_options options = pinned_options(2), replace = replacing(2);
	char path[128];
	unsigned pins;
	int fd;

	run_daemon(&options, TWO_TARGETS);
	pins = count_pins();
	fd = pinned_map("slots");
	snprintf(path, sizeof(path), "%s/spare_slots", pin_dir);
	cr_assert_eq(bpf_obj_pin(fd, path), 0);
	close(fd);
	run_daemon(&options, TWO_TARGETS);
	cr_assert(is_pinned("spare_slots"), "a start like any other leaves what it does not know");
	run_daemon(&replace, TWO_TARGETS);
	cr_assert_eq(count_pins(), pins);
}

/*
 * ---- the size of the flow table ---------------------------------------------------------------
 */

Test(upgrade, the_flow_table_is_made_as_large_as_asked_for)
{
	struct dataplane_options options = pinned_options(1);
	struct flow_info flows;
	struct dataplane *dp;

	options.flow_buckets = 2 * FLOW_BUCKETS_MIN;
	dp = open_data_plane(&options);
	dataplane_flows(dp, &flows);
	cr_expect_eq(flows.capacity, 2 * FLOW_BUCKETS_MIN * FLOWS_PER_BUCKET);
	attach_or_fail(dp);
	dataplane_close(&dp);
	cr_expect_eq(buckets_of("flows"), 2 * FLOW_BUCKETS_MIN);
}

Test(upgrade, the_pinned_flow_table_keeps_its_size_until_it_is_replaced)
{
	struct dataplane_options options = pinned_options(1);
	struct flow_info flows;
	struct dataplane *dp;

	options.flow_buckets = FLOW_BUCKETS_MIN;
	run_daemon(&options, TWO_TARGETS);
	divert_log();
	options.flow_buckets = 4 * FLOW_BUCKETS_MIN;
	dp = open_data_plane(&options);
	cr_expect(logged("--flow-buckets 4096: the flow table in /mnt/sluice has 1024 buckets and "
			 "keeps them; a start with --replace changes that"));
	dataplane_flows(dp, &flows);
	cr_expect_eq(flows.capacity, FLOW_BUCKETS_MIN * FLOWS_PER_BUCKET);
	dataplane_close(&dp);
	cr_expect_eq(buckets_of("flows"), FLOW_BUCKETS_MIN);

	options.replace = true;
	run_daemon(&options, TWO_TARGETS);
	cr_expect_eq(buckets_of("flows"), 4 * FLOW_BUCKETS_MIN);
	options.flow_buckets = 0;
	run_daemon(&options, TWO_TARGETS);
	cr_expect_eq(buckets_of("flows"), 4 * FLOW_BUCKETS_MIN, "nobody asked for another size");
	check_maps(TWO_TARGETS);
}

/*
 * ---- what is left of daemons that were killed -------------------------------------------------
 */

static void expect_removal_logged(int maps)
{
	char line[256];

	snprintf(line, sizeof(line),
		 "/mnt/sluice held %d maps that no interface used and that were not the %d of ABI "
		 "version %d: removed", maps, MAP_COUNT, ABI_VERSION);
	cr_expect(logged(line), "%s", line);
}

Test(upgrade, maps_that_no_link_needs_are_removed_if_they_can_not_be_adopted)
{
	const struct dataplane_options options = pinned_options(1);
	const char *const missing[] = { "config", "slots", "listener_labels" };

	divert_log();
	for (size_t i = 0; i <= sizeof(missing) / sizeof(missing[0]); i++) {
		run_daemon(&options, TWO_TARGETS);
		unpin("link-eth0");
		if (i < sizeof(missing) / sizeof(missing[0]))
			unpin(missing[i]);
		else
			set_pinned_version(ABI_VERSION + 1);
	}
	run_daemon(&options, TWO_TARGETS);
	expect_removal_logged(MAP_COUNT - 1);
	expect_removal_logged(MAP_COUNT);
	cr_expect_neq(program_on("eth0"), 0);
	check_maps(TWO_TARGETS);
}

Test(upgrade, where_maps_are_missing_that_links_need_replace_heals)
{
	const struct dataplane_options options = pinned_options(1), replace = replacing(1);
	char sentence[256];
	uint32_t before;

	run_daemon(&options, TWO_TARGETS);
	before = program_on("eth0");
	unpin("slots");
	unpin("reasons");
	snprintf(sentence, sizeof(sentence),
		 "/mnt/sluice holds links, but not all maps (%d of %d): " HINT, MAP_COUNT - 2,
		 MAP_COUNT);
	expect_refused(&options, sentence);
	cr_expect_eq(program_on("eth0"), before);
	run_daemon(&replace, TWO_TARGETS);
	cr_expect_neq(program_on("eth0"), before);
	cr_expect_neq(program_on("eth0"), 0);
	check_maps(TWO_TARGETS);
}

/*
 * ---- without a gap ----------------------------------------------------------------------------
 */

static atomic_bool done;

/* How often an interface was seen without a program. */
static void *watch(void *context)
{
	unsigned *gaps = context;

	while (!done)
		*gaps += !program_on("eth0") || !program_on("eth1");
	return NULL;
}

Test(upgrade, at_no_moment_an_interface_is_without_a_program)
{
	struct dataplane_options options = pinned_options(2);
	unsigned gaps = 0;
	pthread_t watcher;

	run_daemon(&options, TWO_TARGETS);
	cr_assert_eq(pthread_create(&watcher, NULL, watch, &gaps), 0);
	for (int i = 0; i < 4; i++) {
		options.replace = i % 2;
		run_daemon(&options, TWO_TARGETS);
	}
	done = true;
	pthread_join(watcher, NULL);
	cr_expect_eq(gaps, 0);
}
