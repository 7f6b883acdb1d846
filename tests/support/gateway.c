// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A gateway without the daemon's event loop: see gateway.h. gateway_model.c makes its models. */
#include "gateway.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "dataplane/apply.h"
#include "dataplane/compile.h"
#include "dataplane/dataplane_parts.h"
#include "dataplane/image.h"
#include "dataplane/sweep.h"
#include "gateway_model.h"
#include "model/model.h"
#include "model/validate.h"
#include "sluice.skel.h"

enum {
	TARGETS = 2048,			/* indexes that a history may use up */
	LISTENERS = 256,
	IDLE_TIMEOUT_TCP = 350,		/* of direct flows, which nobody has here */
	STALL_MAX = 2,			/* seconds that the test's process may be away unseen */
};

/*
 * ---- the program and its maps -----------------------------------------------------------------
 */

/* Small ones, where the size is of no meaning, so that a restart reads them in no time. */
static void set_sizes(struct sluice_bpf *skeleton)
{
	bpf_map__set_max_entries(skeleton->maps.flows, GATEWAY_BUCKETS);
	bpf_map__set_max_entries(skeleton->maps.targets, TARGETS);
	bpf_map__set_max_entries(skeleton->maps.target_labels, TARGETS);
	bpf_map__set_max_entries(skeleton->maps.target_traffic, TARGETS);
	bpf_map__set_max_entries(skeleton->maps.listener_labels, LISTENERS);
	bpf_map__set_max_entries(skeleton->maps.listener_traffic, LISTENERS);
}

void gateway_open(struct gateway *gateway)
{
	int r;

	*gateway = (struct gateway){ .writes_left = -1 };
	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_eq(unshare(CLONE_NEWNET), 0);
	gateway->skeleton = sluice_bpf__open();
	gateway->dp = calloc(1, sizeof(*gateway->dp));
	cr_assert(gateway->skeleton && gateway->dp);
	set_sizes(gateway->skeleton);
	r = sluice_bpf__load(gateway->skeleton);
	cr_assert_eq(r, 0, "loading the program: %s", strerror(-r));
	gateway->program = bpf_program__fd(gateway->skeleton->progs.sluice);
	for (int map = 0; map < MAP_COUNT; map++) {
		gateway->maps.fd[map] =
			bpf_object__find_map_fd_by_name(gateway->skeleton->obj, map_name(map));
		cr_assert_geq(gateway->maps.fd[map], 0, "map %s", map_name(map));
	}
	r = maps_open(&gateway->maps);
	cr_assert_eq(r, 0, "opening the maps: %s", strerror(-r));
}

void gateway_close(struct gateway *gateway)
{
	maps_close(&gateway->maps);
	sluice_bpf__destroy(gateway->skeleton);
	image_free(&gateway->dp->image);
	free(gateway->dp);
	model_free(&gateway->model);
	model_free(&gateway->saved);
}

static void clear_hash(const struct gateway *gateway, enum map_id map)
{
	struct endpoint_key key;

	while (!bpf_map_get_next_key(gateway->maps.fd[map], NULL, &key))
		bpf_map_delete_elem(gateway->maps.fd[map], &key);
}

/* Ids of the last history must not mean anything, nor must any generation be special. */
static void clear_array(const struct gateway *gateway, enum map_id map, uint32_t count)
{
	size_t size = gateway->maps.value_size[map];
	_cleanup_free_ uint32_t *keys = calloc(count, sizeof(*keys));
	_cleanup_free_ char *values = calloc(count, size);
	__u32 done = count;

	cr_assert(keys && values);
	for (uint32_t i = 0; i < count; i++)
		keys[i] = i;
	for (uint32_t i = 0; i < count && map == MAP_TARGETS; i++)
		((struct target_entry *)(values + i * size))->generation = (uint8_t)(i * 37);
	cr_assert_eq(bpf_map_update_batch(gateway->maps.fd[map], keys, values, &done, NULL), 0);
}

static uint64_t now_ms(const struct gateway *gateway)
{
	return UINT64_C(1700000000000) + gateway->seconds * UINT64_C(1000);
}

static uint32_t real_seconds(void)
{
	return (uint32_t)(monotonic_ms() / 1000);
}

static void set_clock(struct gateway *gateway)
{
	struct config config;
	const uint32_t zero = 0;
	int fd = gateway->maps.fd[MAP_CONFIG];

	gateway->real = real_seconds();
	cr_assert_eq(bpf_map_lookup_elem(fd, &zero, &config), 0);
	config.clock_offset = gateway->seconds - gateway->real;
	gateway->dp->image->config.clock_offset = config.clock_offset;
	cr_assert_eq(bpf_map_update_elem(fd, &zero, &config, BPF_ANY), 0);
}

/* Where the process was away for long, packets may have seen it: then that time has passed. */
void gateway_hold_clock(struct gateway *gateway)
{
	uint32_t away = real_seconds() - gateway->real;

	if (!away)
		return;
	if (away > STALL_MAX)
		gateway->seconds += away;
	set_clock(gateway);
}

void gateway_advance(struct gateway *gateway, uint32_t seconds)
{
	gateway->seconds += seconds;
	set_clock(gateway);
}

static void save(struct gateway *gateway, const struct model *model)
{
	model_free(&gateway->saved);
	gateway->saved = gateway_model_reload(model);
}

void gateway_reset(struct gateway *gateway, const uint64_t secret[2], uint32_t seconds)
{
	struct config config = {
		.abi_version = ABI_VERSION,
		.flow_bucket_mask = GATEWAY_BUCKETS - 1,
		.idle_timeout_tcp = IDLE_TIMEOUT_TCP,
		.idle_timeout_udp = WORLD_UDP_TIMEOUT,
		.idle_timeout_longest = IDLE_TIMEOUT_TCP,
	};
	const uint32_t zero = 0;

	clear_hash(gateway, MAP_LISTENERS);
	clear_hash(gateway, MAP_LISTENER_RANGES);
	clear_hash(gateway, MAP_REPLIES);
	clear_hash(gateway, MAP_REPLY_RANGES);
	clear_array(gateway, MAP_TARGETS, TARGETS);
	clear_array(gateway, MAP_TARGET_LABELS, TARGETS);
	clear_array(gateway, MAP_LISTENER_LABELS, LISTENERS);
	memset(gateway->maps.slots, 0, gateway->slots_used * sizeof(union slot));
	memset(gateway->maps.flows, 0, sizeof(struct flow_bucket) * GATEWAY_BUCKETS);
	cr_assert_eq(bpf_map_update_elem(gateway->maps.fd[MAP_CONFIG], &zero, &config, BPF_ANY), 0);
	image_free(&gateway->dp->image);
	cr_assert_eq(image_read(&gateway->maps, &gateway->dp->image), 0);
	gateway->dp->swept = false;
	model_free(&gateway->model);
	gateway->model = model_new();
	memcpy(gateway->model->hash_secret, secret, SECRET_SIZE);
	save(gateway, gateway->model);
	gateway->seconds = seconds;
	gateway->slots_used = 0;
	set_clock(gateway);
}

/*
 * ---- writing to the maps ----------------------------------------------------------------------
 */

/* Whether this write is lost. One that fails and is no kill is the only one. */
static bool is_lost(struct gateway *gateway, bool can_fail)
{
	if (gateway->between && !(gateway->failed && gateway->kill))
		gateway->between(gateway->context);
	if (gateway->failed)
		return gateway->kill;
	if (gateway->writes_left > 0)
		gateway->writes_left--;
	else if (!gateway->writes_left && can_fail)
		gateway->failed = true;
	return gateway->failed;
}

static int watched_update(void *context, enum map_id map, const void *key, const void *value)
{
	struct gateway *gateway = context;
	struct map_writer writer = maps_writer(&gateway->maps);

	return is_lost(gateway, true) ? -EIO : writer.update(writer.context, map, key, value);
}

static int watched_remove(void *context, enum map_id map, const void *key)
{
	struct gateway *gateway = context;
	struct map_writer writer = maps_writer(&gateway->maps);

	return is_lost(gateway, true) ? -EIO : writer.remove(writer.context, map, key);
}

static void watched_store(void *context, uint32_t slot, union slot value)
{
	struct gateway *gateway = context;
	struct map_writer writer = maps_writer(&gateway->maps);

	if (is_lost(gateway, gateway->kill))
		return;
	if (slot >= gateway->slots_used)
		gateway->slots_used = slot + 1;
	writer.store_slot(writer.context, slot, value);
}

/* Packets run one by one here: there is nobody to wait for. */
static void no_wait(void *context)
{
	(void)context;
}

static struct map_writer watched_writer(struct gateway *gateway)
{
	return (struct map_writer){
		.update = watched_update,
		.remove = watched_remove,
		.store_slot = watched_store,
		.wait_for_readers = no_wait,
		.context = gateway,
	};
}

/*
 * ---- changes ----------------------------------------------------------------------------------
 */

static enum gateway_result write_image(struct gateway *gateway, struct model **model,
				       struct image **image, struct err *err)
{
	struct map_writer writer = watched_writer(gateway);
	struct image *before = gateway->dp->image;
	int r;

	gateway->failed = false;
	r = apply(&writer, before, *image, err);
	gateway->writes_left = -1;
	gateway->between = NULL;
	if (gateway->failed && gateway->kill)
		return GATEWAY_KILLED;
	cr_assert(!r == !gateway->failed && r != -ENOTRECOVERABLE, "%s", err->text);
	if (r) {
		image_keep_ids(before, *image);
		save(gateway, gateway->model);
		return GATEWAY_UNDONE;
	}
	gateway->dp->image = take_ptr(*image);
	gateway->dp->started = true;
	gateway->dp->swept = false;
	image_free(&before);
	model_free(&gateway->model);
	gateway->model = take_ptr(*model);
	return GATEWAY_DONE;
}

static enum gateway_result refuse(struct gateway *gateway, const struct err *err)
{
	snprintf(gateway->why, sizeof(gateway->why), "%.200s", err->text);
	gateway->writes_left = -1;
	gateway->between = NULL;
	return GATEWAY_REFUSED;
}

/* As control/change.c and dataplane_change.c do it. Takes next. */
static enum gateway_result commit(struct gateway *gateway, struct model *next, bool is_saved)
{
	_cleanup_(model_free) struct model *model = next;
	_cleanup_(image_free) struct image *image = NULL;
	struct compile_options options = { .never_refuse = false };
	struct err err = { .code = 0 };
	enum gateway_result result;

	gateway_hold_clock(gateway);
	options.now = gateway->seconds;
	gateway_model_find_hops(model);
	model_settle(model, now_ms(gateway));
	if (model_validate(model, &err) ||
	    compile(model, gateway->dp->image, &options, &image, &err))
		return refuse(gateway, &err);
	if (is_saved)
		save(gateway, model);
	result = write_image(gateway, &model, &image, &err);
	set_clock(gateway);
	return result;
}

enum gateway_result gateway_configure(struct gateway *gateway, const struct world_setup *setup)
{
	struct model *next = gateway_model(setup);

	cr_assert_eq(model_carry(next, gateway->model, now_ms(gateway)), 0);
	memcpy(next->hash_secret, gateway->model->hash_secret, SECRET_SIZE);
	return commit(gateway, next, true);
}

enum gateway_result gateway_remove_now(struct gateway *gateway, int place)
{
	struct model *next = model_clone(gateway->model);

	gateway_model_remove(next, place);
	return commit(gateway, next, true);
}

enum gateway_result gateway_learn(struct gateway *gateway, const struct world_setup *setup)
{
	struct model *next = model_clone(gateway->model);
	size_t expired;

	for (size_t i = 0; i < next->group_count; i++) {
		struct group *group = &next->groups[i];

		for (size_t j = 0; j < group->target_count; j++)
			group->targets[j].remembered =
				dataplane_remembers(gateway->dp, group, &group->targets[j]);
	}
	gateway_model_learn(next, setup, now_ms(gateway));
	expired = model_expire(next, now_ms(gateway));
	return commit(gateway, next, expired);
}

void gateway_sweep(struct gateway *gateway)
{
	struct map_writer writer = watched_writer(gateway);
	const struct flow_table table = { gateway->maps.flows, GATEWAY_BUCKETS };

	gateway_hold_clock(gateway);
	gateway->failed = false;
	cr_assert_eq(sweep_run(&gateway->dp->sweep, gateway->dp->image, &writer, &table,
			       gateway->seconds), 0);
	gateway->between = NULL;
	gateway->dp->swept = true;
}

enum gateway_result gateway_restart(struct gateway *gateway)
{
	struct model *model = gateway_model_reload(gateway->saved);

	gateway->failed = false;
	gateway->dp->started = false;
	gateway->dp->swept = false;
	image_free(&gateway->dp->image);
	cr_assert_eq(image_read(&gateway->maps, &gateway->dp->image), 0);
	dataplane_recall(gateway->dp, model);
	return commit(gateway, model, true);
}

/*
 * ---- packets ----------------------------------------------------------------------------------
 */

int gateway_run(struct gateway *gateway, const struct gateway_packet *packet)
{
	uint8_t out[2 * GATEWAY_FRAME];
	LIBBPF_OPTS(bpf_test_run_opts, run,
		.data_in = packet->bytes,
		.data_size_in = packet->length,
		.data_out = out,
		.data_size_out = sizeof(out));
	int r = bpf_prog_test_run_opts(gateway->program, &run);

	cr_assert_eq(r, 0, "running a packet: %s", strerror(-r));
	if (run.retval == XDP_TX)
		return gateway_place_of_frame(out);
	return run.retval == XDP_PASS ? GATEWAY_PASSED : WORLD_NOWHERE;
}
