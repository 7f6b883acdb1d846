// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The loaded XDP program for packet tests: see program.h. */
#include "program.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "sluice.skel.h"

static const struct {
	const char *label;
	enum action action;
} reason_rows[REASON_COUNT] = {
#define REASON_ROW(name, label, action, help) [REASON_##name] = { label, ACTION_##action },
	REASONS(REASON_ROW)
#undef REASON_ROW
};

enum action reason_action(enum reason reason)
{
	return reason_rows[reason].action;
}

const char *reason_label(enum reason reason)
{
	return reason_rows[reason].label ? reason_rows[reason].label : "none";
}

static void put(struct bpf_map *map, const void *key, const void *value)
{
	int r = bpf_map__update_elem(map, key, bpf_map__key_size(map), value,
				     bpf_map__value_size(map), BPF_ANY);

	cr_assert_eq(r, 0, "map %s: %s", bpf_map__name(map), strerror(-r));
}

static void get(const struct bpf_map *map, const void *key, void *value)
{
	int r = bpf_map__lookup_elem(map, key, bpf_map__key_size(map), value,
				     bpf_map__value_size(map), 0);

	cr_assert_eq(r, 0, "map %s: %s", bpf_map__name(map), strerror(-r));
}

static void count_reasons(struct program *program, uint64_t totals[REASON_COUNT])
{
	uint64_t values[REASON_COUNT][program->cpus];
	uint32_t keys[REASON_COUNT], next, count = REASON_COUNT;
	int r = bpf_map_lookup_batch(bpf_map__fd(program->skeleton->maps.reasons), NULL, &next,
				     keys, values, &count, NULL);

	cr_assert(count == REASON_COUNT && (r == 0 || r == -ENOENT), "reading the reasons: %d", r);
	for (size_t i = 0; i < REASON_COUNT; i++) {
		totals[i] = 0;
		for (int cpu = 0; cpu < program->cpus; cpu++)
			totals[i] += values[i][cpu];
	}
}

static size_t mapped_size(const struct bpf_map *map)
{
	return (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map);
}

static void *map_memory(const struct bpf_map *map)
{
	void *memory = mmap(NULL, mapped_size(map), PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(map), 0);

	cr_assert_neq(memory, MAP_FAILED, "mmap of %s: %m", bpf_map__name(map));
	return memory;
}

void program_open(struct program *program)
{
	int r;

	*program = (struct program){
		.config = {
			.abi_version = ABI_VERSION,
			.hash_secret = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 },
			.flow_bucket_mask = TEST_FLOW_BUCKETS - 1,
			.idle_timeout_tcp = 350,
			.idle_timeout_udp = 120,
			.idle_timeout_longest = 350,
		},
		.wrapper = { -1, -1 },
		.ingress = LOOPBACK,
		.cpus = libbpf_num_possible_cpus(),
	};
	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_eq(unshare(CLONE_NEWNET), 0);
	program->skeleton = sluice_bpf__open();
	cr_assert_not_null(program->skeleton);
	bpf_map__set_max_entries(program->skeleton->maps.slots, TEST_RINGS << RING_BITS_MIN);
	bpf_map__set_max_entries(program->skeleton->maps.flows, TEST_FLOW_BUCKETS);
	r = sluice_bpf__load(program->skeleton);
	cr_assert_eq(r, 0, "loading the program: %s", strerror(-r));
	program->entry_fd = bpf_program__fd(program->skeleton->progs.sluice);
	program->flows = map_memory(program->skeleton->maps.flows);
	program->slots = map_memory(program->skeleton->maps.slots);
	program_configure(program);
}

void program_leave_no_headroom(struct program *program, size_t frame_length)
{
	program->wrapper = headroom_wrap(program->entry_fd, frame_length);
	program->entry_fd = program->wrapper.prog_fd;
}

void program_close(struct program *program)
{
	headroom_unwrap(&program->wrapper);
	if (program->flows)
		munmap(program->flows, mapped_size(program->skeleton->maps.flows));
	if (program->slots)
		munmap(program->slots, mapped_size(program->skeleton->maps.slots));
	program->flows = NULL;
	program->slots = NULL;
	sluice_bpf__destroy(program->skeleton);
	program->skeleton = NULL;
}

void program_configure(struct program *program)
{
	uint32_t zero = 0;

	put(program->skeleton->maps.config, &zero, &program->config);
}

struct listener_entry program_add_ring(struct program *program, const uint32_t *ids, size_t count)
{
	struct listener_entry entry = {
		.id = 1,
		.ring_base = program->rings++ << RING_BITS_MIN,
		.ring_shift = 64 - RING_BITS_MIN,
		.idle_timeout = 350,
	};

	cr_assert(program->rings <= TEST_RINGS);
	for (uint32_t i = 0; i < 1 << RING_BITS_MIN; i++)
		program_set_slot(program, entry.ring_base + i,
				 (union slot){ .current = ids[i % count] });
	return entry;
}

void program_set_slot(struct program *program, uint32_t index, union slot slot)
{
	__atomic_store_n(&program->slots[index].word, slot.word, __ATOMIC_RELEASE);
}

struct endpoint_key port_key(const char *addr, uint8_t protocol, uint16_t port)
{
	struct endpoint_key key = { .port = htons(port), .protocol = protocol };
	struct err err = {};

	cr_assert_eq(addr_parse(addr, &key.addr, &err), 0, "%s", err.text);
	return key;
}

struct endpoint_key range_key(const char *addr, uint8_t protocol, uint16_t number)
{
	struct endpoint_key key = port_key(addr, protocol, 0);

	key.range = number;
	key.is_range = 1;
	return key;
}

void program_set_listener(struct program *program, struct endpoint_key key,
			  const struct listener_entry *entry)
{
	put(program->skeleton->maps.listeners, &key, entry);
}

void program_set_listener_ranges(struct program *program, const char *addr, uint8_t protocol,
				 const struct port_ranges *ranges)
{
	struct endpoint_key key = port_key(addr, protocol, 0);

	put(program->skeleton->maps.listener_ranges, &key, ranges);
}

void program_set_reply(struct program *program, struct endpoint_key key,
		       const struct reply_entry *entry)
{
	put(program->skeleton->maps.replies, &key, entry);
}

void program_set_reply_ranges(struct program *program, const char *addr, uint8_t protocol,
			      const struct port_ranges *ranges)
{
	struct endpoint_key key = port_key(addr, protocol, 0);

	put(program->skeleton->maps.reply_ranges, &key, ranges);
}

void program_set_target(struct program *program, uint32_t index, const struct target_entry *entry)
{
	put(program->skeleton->maps.targets, &index, entry);
}

void program_set_link(struct program *program, uint32_t ifindex, const struct link_entry *entry)
{
	put(program->skeleton->maps.links, &ifindex, entry);
}

void program_add_device(struct program *program, uint32_t ifindex)
{
	put(program->skeleton->maps.devices, &ifindex, &ifindex);
}

void program_set_bucket(struct program *program, uint32_t index, const struct flow_bucket *bucket)
{
	put(program->skeleton->maps.flows, &index, bucket);
}

void program_get_bucket(const struct program *program, uint32_t index, struct flow_bucket *out)
{
	get(program->skeleton->maps.flows, &index, out);
}

void program_set_direct_recorded(struct program *program, uint32_t second)
{
	struct direct_flows direct = { .last_recorded = second };
	uint32_t zero = 0;

	put(program->skeleton->maps.direct_flows, &zero, &direct);
}

uint32_t program_direct_recorded(const struct program *program)
{
	struct direct_flows direct;
	uint32_t zero = 0;

	get(program->skeleton->maps.direct_flows, &zero, &direct);
	return direct.last_recorded;
}

static void get_traffic(const struct program *program, const struct bpf_map *map, uint32_t index,
			struct traffic *out)
{
	struct traffic per_cpu[program->cpus];
	int r = bpf_map_lookup_elem(bpf_map__fd(map), &index, per_cpu);

	cr_assert_eq(r, 0);
	*out = (struct traffic){};
	for (int cpu = 0; cpu < program->cpus; cpu++) {
		out->packets += per_cpu[cpu].packets;
		out->bytes += per_cpu[cpu].bytes;
		out->flows += per_cpu[cpu].flows;
	}
}

void program_get_listener_traffic(const struct program *program, uint32_t id, struct traffic *out)
{
	get_traffic(program, program->skeleton->maps.listener_traffic, id, out);
}

void program_get_target_traffic(const struct program *program, uint32_t index,
				struct traffic *out)
{
	get_traffic(program, program->skeleton->maps.target_traffic, index, out);
}

static enum reason find_risen_reason(struct program *program)
{
	uint64_t totals[REASON_COUNT];
	enum reason risen = REASON_NEXT;

	count_reasons(program, totals);
	for (size_t i = 0; i < REASON_COUNT; i++) {
		if (totals[i] == program->reasons[i])
			continue;
		cr_assert(totals[i] == program->reasons[i] + 1 && risen == REASON_NEXT,
			  "a packet was counted twice: %s, %s", reason_label(risen),
			  reason_label((enum reason)i));
		risen = (enum reason)i;
	}
	cr_assert_neq(risen, REASON_NEXT, "a packet was not counted");
	memcpy(program->reasons, totals, sizeof(totals));
	return risen;
}

int program_pass(const struct program *program, const struct frame *in, struct frame *out)
{
	struct xdp_md context = {
		.data_end = (uint32_t)in->length,
		.ingress_ifindex = program->ingress,
	};
	LIBBPF_OPTS(bpf_test_run_opts, run,
		.data_in = in->bytes,
		.data_size_in = (uint32_t)in->length,
		.data_out = out->bytes,
		.data_size_out = sizeof(out->bytes),
		.ctx_in = &context,
		.ctx_size_in = sizeof(context));
	int r = bpf_prog_test_run_opts(program->entry_fd, &run);

	cr_assert_eq(r, 0, "running %zu bytes: %s", in->length, strerror(-r));
	out->length = run.data_size_out;
	return (int)run.retval;
}

void program_run(struct program *program, const struct frame *in, struct outcome *out)
{
	out->action = program_pass(program, in, &out->out);
	out->reason = find_risen_reason(program);
}

static char *dump(const struct frame *frame, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < frame->length && used + 4 < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%02x%s", frame->bytes[i],
					 i % 16 == 15 ? "\n" : " ");
	return text;
}

void expect_packet(struct program *program, const char *title, const struct packet_spec *in,
		   enum reason reason, int action, const struct packet_spec *out)
{
	struct frame in_frame, out_frame;

	build_packet(in, &in_frame);
	if (out)
		build_packet(out, &out_frame);
	expect_outcome(program, title, &in_frame, reason, action, out ? &out_frame : NULL);
}

void expect_outcome(struct program *program, const char *title, const struct frame *in,
		    enum reason reason, int action, const struct frame *out)
{
	static const int actions[] = { [ACTION_PASS] = XDP_PASS, [ACTION_DROP] = XDP_DROP };
	enum action kind = reason_action(reason);
	int expected_action = kind == ACTION_FORWARD ? action : actions[kind];
	const struct frame *expected = out ? out : in;
	struct outcome outcome;
	char want[1024], have[1024];

	program_run(program, in, &outcome);
	cr_assert_eq(outcome.reason, reason, "%s: %s instead of %s", title,
		     reason_label(outcome.reason), reason_label(reason));
	cr_assert_eq(outcome.action, expected_action, "%s: action %d instead of %d", title,
		     outcome.action, expected_action);
	if (kind == ACTION_DROP)
		return;
	cr_assert(outcome.out.length == expected->length &&
			  memcmp(outcome.out.bytes, expected->bytes, expected->length) == 0,
		  "%s: expected %zu bytes\n%s\ninstead of %zu\n%s", title, expected->length,
		  dump(expected, want, sizeof(want)), outcome.out.length,
		  dump(&outcome.out, have, sizeof(have)));
}
