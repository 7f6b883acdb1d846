// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pinned.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/err.h"
#include "dataplane/compile.h"
#include "dataplane/image.h"
#include "dataplane/loader.h"
#include "model/model.h"
#include "parse_model.h"
#include "sandbox.h"

enum { NOW_MS = 1000000 };

static const struct compile_options now = { .now = NOW_MS / 1000 };

char pin_dir[64];

const char *const interfaces[2] = { "eth0", "eth1" };

void pinned_set_up(void)
{
	snprintf(pin_dir, sizeof(pin_dir), "%s/sluice", sandbox_enter());
	sandbox_run("ip link add eth0 type veth peer name peer0 && ip link set eth0 up");
	sandbox_run("ip link add eth1 type veth peer name peer1 && ip link set eth1 up");
}

struct dataplane_options pinned_options(size_t count)
{
	return (struct dataplane_options){
		.interfaces = interfaces,
		.interface_count = count,
		.pin_dir = pin_dir,
	};
}

struct dataplane *open_data_plane(const struct dataplane_options *options)
{
	struct dataplane *dp = NULL;
	struct err err = { 0 };

	cr_assert_eq(dataplane_open(options, &dp, &err), 0, "%s", err.text);
	return dp;
}

int open_with(const char *const *names, size_t count, struct dataplane **dp, struct err *err)
{
	struct dataplane_options options = pinned_options(count);

	options.interfaces = names;
	return dataplane_open(&options, dp, err);
}

struct dataplane *open_or_fail(size_t count)
{
	const struct dataplane_options options = pinned_options(count);

	return open_data_plane(&options);
}

static struct model *settled_model(const char *yaml)
{
	struct model *model = parse_model(yaml);

	model_settle(model, NOW_MS);
	return model;
}

void apply_yaml(struct dataplane *dp, const char *yaml)
{
	struct model *model = settled_model(yaml);
	struct err err = { 0 };

	cr_assert_eq(dataplane_apply(dp, model, &err), 0, "%s", err.text);
	model_free(&model);
}

void attach_or_fail(struct dataplane *dp)
{
	struct err err = { 0 };

	cr_assert_eq(dataplane_attach(dp, &err), 0, "%s", err.text);
}

void run_daemon(const struct dataplane_options *options, const char *yaml)
{
	struct dataplane *dp = open_data_plane(options);

	apply_yaml(dp, yaml);
	attach_or_fail(dp);
	dataplane_close(&dp);
}

static void check_rows(const struct table *was, const struct table *wanted, size_t row_size)
{
	cr_assert_eq(was->count, wanted->count);
	cr_assert(!was->count || !memcmp(was->rows, wanted->rows, was->count * row_size));
}

static void check_rings(const struct image *was, const struct image *wanted)
{
	const struct image_ring *a = was->rings.rows, *b = wanted->rings.rows;

	cr_assert_eq(was->rings.count, wanted->rings.count);
	for (size_t i = 0; i < was->rings.count; i++) {
		cr_assert(a[i].base == b[i].base && a[i].bits == b[i].bits);
		cr_assert_eq(memcmp(a[i].slots->slot, b[i].slots->slot,
				    sizeof(union slot) << a[i].bits), 0);
	}
}

void check_maps(const char *yaml)
{
	const struct dataplane_options options = pinned_options(0);
	struct image *was = NULL, *wanted = NULL;
	struct model *model = settled_model(yaml);
	struct loader *loader = NULL;
	struct err err = { 0 };
	bool adopted;

	cr_assert_eq(loader_open(&options, &loader, &adopted, &err), 0, "%s", err.text);
	cr_assert(adopted);
	cr_assert_eq(image_read(loader_maps(loader), &was), 0);
	cr_assert_eq(compile(model, was, &now, &wanted, &err), 0, "%s", err.text);
	check_rows(&was->targets, &wanted->targets, sizeof(struct image_target));
	check_rows(&was->listeners, &wanted->listeners, sizeof(struct image_listener));
	check_rows(&was->replies, &wanted->replies, sizeof(struct image_reply));
	check_rows(&was->listener_ranges, &wanted->listener_ranges, sizeof(struct image_ranges));
	check_rows(&was->reply_ranges, &wanted->reply_ranges, sizeof(struct image_ranges));
	cr_assert_eq(was->ids.count, wanted->ids.count);
	cr_assert_eq(memcmp(&was->config, &wanted->config, sizeof(was->config)), 0);
	check_rings(was, wanted);
	image_free(&was);
	image_free(&wanted);
	loader_close(&loader);
	model_free(&model);
}

uint32_t program_on(const char *interface)
{
	uint32_t id = 0;

	cr_assert_eq(bpf_xdp_query_id((int)if_nametoindex(interface), 0, &id), 0);
	return id;
}

static void pin_path(const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", pin_dir, name);
}

uint32_t link_pinned_for(const char *interface)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	char path[128], name[64];
	int fd;

	snprintf(name, sizeof(name), "link-%s", interface);
	pin_path(name, path);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	cr_assert_eq(info.xdp.ifindex, if_nametoindex(interface));
	close(fd);
	return info.id;
}

int pinned_map(const char *name)
{
	char path[128];
	int fd;

	pin_path(name, path);
	fd = bpf_obj_get(path);
	cr_assert_geq(fd, 0, "%s", path);
	return fd;
}

bool is_pinned(const char *name)
{
	char path[128];

	pin_path(name, path);
	return !access(path, F_OK);
}

unsigned count_pins(void)
{
	DIR *dir = opendir(pin_dir);
	struct dirent *entry;
	unsigned count = 0;

	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count;
}

void unpin(const char *name)
{
	char path[128];

	pin_path(name, path);
	cr_assert_eq(unlink(path), 0, "%s", path);
}

static struct config read_config(int fd)
{
	struct config config;
	const uint32_t zero = 0;

	cr_assert_eq(bpf_map_lookup_elem(fd, &zero, &config), 0);
	return config;
}

uint32_t pinned_version(void)
{
	int fd = pinned_map("config");
	struct config config = read_config(fd);

	close(fd);
	return config.abi_version;
}

void set_pinned_version(uint32_t version)
{
	int fd = pinned_map("config");
	struct config config = read_config(fd);
	const uint32_t zero = 0;

	config.abi_version = version;
	cr_assert_eq(bpf_map_update_elem(fd, &zero, &config, BPF_ANY), 0);
	close(fd);
}
