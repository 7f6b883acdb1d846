// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/dataplane.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "dataplane/attach.h"
#include "dataplane/dataplane_parts.h"
#include "dataplane/image.h"
#include "dataplane/link_pins.h"
#include "dataplane/loader.h"
#include "dataplane/pin_dir.h"
#include "dataplane/route.h"
#include "model/model.h"

enum { IDLE_TIMEOUT_TCP_S = 350, IDLE_TIMEOUT_UDP_S = 120 };

/* From the first pin on the maps must say of which version they are. */
static int write_config(const struct dataplane *dp)
{
	struct map_writer writer = maps_writer(loader_maps(dp->loader));
	const uint32_t zero = 0;
	const struct config config = {
		.abi_version = ABI_VERSION,
		.flow_bucket_mask = loader_capacity(dp->loader, MAP_FLOWS) - 1,
		.idle_timeout_tcp = IDLE_TIMEOUT_TCP_S,
		.idle_timeout_udp = IDLE_TIMEOUT_UDP_S,
		.idle_timeout_longest = IDLE_TIMEOUT_TCP_S,
	};

	return writer.update(writer.context, MAP_CONFIG, &zero, &config);
}

static int check_named_once(const struct link *links, size_t last, struct err *err)
{
	for (size_t i = 0; i < last; i++) {
		if (links[i].attachment.ifindex == links[last].attachment.ifindex)
			return err_set(err, EINVAL, "interface '%s' is named twice",
				       links[last].attachment.name);
	}
	return 0;
}

static int init_links(struct dataplane *dp, const struct dataplane_options *options,
		      struct err *err)
{
	int r = 0;

	dp->links = calloc(options->interface_count, sizeof(*dp->links));
	dp->attachments = calloc(options->interface_count, sizeof(*dp->attachments));
	if (!dp->links || !dp->attachments)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < options->interface_count && !r; i++) {
		r = link_init(&dp->links[i], options->interfaces[i], err);
		r = r ?: check_named_once(dp->links, i, err);
		dp->attachments[i] = dp->links[i].attachment;
	}
	dp->link_count = r ? 0 : options->interface_count;
	return r;
}

static int visit_route(void *context, const void *key, const void *value)
{
	struct route_link *row = table_add(context, sizeof(*row));

	if (!row)
		return -ENOMEM;
	memcpy(&row->ifindex, key, sizeof(row->ifindex));
	memcpy(&row->entry, value, sizeof(row->entry));
	return 0;
}

static int read_maps(struct dataplane *dp)
{
	const struct maps *maps = loader_maps(dp->loader);

	return image_read(maps, &dp->image) ?:
		       maps_each(maps, MAP_LINKS, sizeof(uint32_t), visit_route, &dp->routes);
}

/* New maps begin with what those hold that they are to replace. */
static int open_image(struct dataplane *dp, bool adopted, struct err *err)
{
	int r = adopted ? 0 : write_config(dp);

	if (r)
		return err_set(err, -r, "writing the map config failed: %s", strerror(-r));
	r = loader_hand_over(dp->loader, err);
	if (r)
		return r;
	r = read_maps(dp);
	if (r)
		return err_set(err, -r, "reading the maps failed: %s", strerror(-r));
	if (adopted || dp->image->targets.count)
		log_info("dataplane", "took over %zu listeners and %zu targets from %s",
			 dp->image->listeners.count, dp->image->targets.count, dp->pin_dir);
	return 0;
}

int dataplane_open(const struct dataplane_options *options, struct dataplane **out, struct err *err)
{
	_cleanup_(dataplane_close) struct dataplane *dp = calloc(1, sizeof(*dp));
	bool adopted;
	int r;

	if (!dp || !(dp->pin_dir = strdup(options->pin_dir)))
		return err_set(err, ENOMEM, "out of memory");
	dp->mode = options->mode;
	r = init_links(dp, options, err);
	r = r ?: loader_open(options, &dp->loader, &adopted, err);
	r = r ?: open_image(dp, adopted, err);
	if (r)
		return r;
	*out = take_ptr(dp);
	return 0;
}

void dataplane_close(struct dataplane **dp)
{
	if (!*dp)
		return;
	for (size_t i = 0; i < (*dp)->link_count; i++)
		link_clean(&(*dp)->links[i]);
	image_free(&(*dp)->image);
	image_free(&(*dp)->prepared);
	loader_close(&(*dp)->loader);
	free((*dp)->links);
	free((*dp)->attachments);
	free((*dp)->routes.rows);
	free((*dp)->pin_dir);
	free(*dp);
	*dp = NULL;
}

/*
 * ---- attach and detach ------------------------------------------------------------------------
 */

/* The map devices: where redirect may send to. */
static int allow_redirect(struct dataplane *dp, struct err *err)
{
	int fd = loader_maps(dp->loader)->fd[MAP_DEVICES];

	for (size_t i = 0; i < dp->link_count; i++) {
		uint32_t ifindex = dp->links[i].attachment.ifindex;

		if (bpf_map_update_elem(fd, &ifindex, &ifindex, BPF_ANY))
			return err_set(err, errno, "interface '%s': adding it to the redirect map failed: %s",
				       dp->links[i].attachment.name, strerror(errno));
	}
	return 0;
}

static bool is_attached(const struct dataplane *dp, uint32_t ifindex)
{
	for (size_t i = 0; i < dp->link_count; i++) {
		if (dp->links[i].attachment.ifindex == ifindex)
			return true;
	}
	return false;
}

/* What the last daemon was attached to, and this one is not. */
static void forbid_redirect(const struct dataplane *dp)
{
	int fd = loader_maps(dp->loader)->fd[MAP_DEVICES];
	uint32_t ifindex, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);

	while (more) {
		ifindex = next;
		more = !bpf_map_get_next_key(fd, &ifindex, &next);
		if (!is_attached(dp, ifindex))
			bpf_map_delete_elem(fd, &ifindex);
	}
}

static int attach_links(struct dataplane *dp, struct err *err)
{
	int program = loader_program(dp->loader), r = 0;

	for (size_t i = 0; i < dp->link_count && !r; i++) {
		r = attach_link(&dp->links[i], program, dp->mode, dp->pin_dir, err);
		dp->attachments[i] = dp->links[i].attachment;
	}
	return r;
}

/* Only when nothing else can fail: the program that ran so far can not be put back. */
static int replace_programs(struct dataplane *dp, size_t *replaced, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < dp->link_count && !r; i++) {
		r = replace_program(&dp->links[i], loader_program(dp->loader), err);
		*replaced += !r && !dp->links[i].is_new;
	}
	return r;
}

int dataplane_attach(struct dataplane *dp, struct err *err)
{
	size_t replaced = 0;
	int r;

	r = loader_pin(dp->loader, err);
	r = r ?: allow_redirect(dp, err);
	r = r ?: attach_links(dp, err);
	r = r ?: replace_programs(dp, &replaced, err);
	if (!r) {
		loader_take_place(dp->loader);
		forbid_redirect(dp);
		link_pins_tidy(dp->pin_dir, dp->attachments, dp->link_count);
		return 0;
	}
	for (size_t i = 0; i < dp->link_count; i++)
		detach_link(&dp->links[i], dp->pin_dir);
	if (!replaced)
		loader_unpin(dp->loader);
	return r;
}

int dataplane_detach(struct dataplane *dp, struct err *err)
{
	int r = pin_dir_remove(dp->pin_dir, err);

	for (size_t i = 0; i < dp->link_count; i++) {
		log_info("xdp", "interface '%s': detached", dp->links[i].attachment.name);
		link_clean(&dp->links[i]);
	}
	return r;
}

size_t dataplane_attachments(const struct dataplane *dp, const struct attachment **out)
{
	*out = dp->attachments;
	return dp->link_count;
}

/*
 * ---- links and health --------------------------------------------------------------------------
 */

static bool has_link(const struct route_link *links, size_t count, uint32_t ifindex)
{
	for (size_t i = 0; i < count; i++) {
		if (links[i].ifindex == ifindex)
			return true;
	}
	return false;
}

int dataplane_set_links(struct dataplane *dp, const struct route_link *links, size_t count,
			struct err *err)
{
	int fd = loader_maps(dp->loader)->fd[MAP_LINKS];
	const struct route_link *old = dp->routes.rows;

	for (size_t i = 0; i < count; i++) {
		if (bpf_map_update_elem(fd, &links[i].ifindex, &links[i].entry, BPF_ANY))
			return err_set(err, errno, "writing the map links failed: %s",
				       strerror(errno));
	}
	for (size_t i = 0; i < dp->routes.count; i++) {
		if (!has_link(links, count, old[i].ifindex))
			bpf_map_delete_elem(fd, &old[i].ifindex);
	}
	dp->routes.count = 0;
	for (size_t i = 0; i < count; i++) {
		struct route_link *row = table_add(&dp->routes, sizeof(*row));

		if (!row)
			return err_set(err, ENOMEM, "out of memory");
		*row = links[i];
	}
	return 0;
}

static void recall_target(const struct image_target *known, struct target *target)
{
	target->alive = image_target_is_alive(known);
	target->remembered = true;
	if (target_is_draining(target) && known->label.reason != TARGET_REASON_NOT_REGISTERED)
		return;
	target->state = known->label.state;
	target->reason = known->label.reason;
	target->since_ms = known->label.since_ms;
}

void dataplane_recall(const struct dataplane *dp, struct model *model)
{
	for (size_t i = 0; i < model->group_count; i++) {
		struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			struct target *target = &group->targets[j];
			const struct image_target *known;

			known = image_find_target(dp->image, group->name, &target->addr,
						  target->port);
			if (known)
				recall_target(known, target);
		}
	}
}
