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
#include "dataplane/apply.h"
#include "dataplane/attach.h"
#include "dataplane/compile.h"
#include "dataplane/image.h"
#include "dataplane/loader.h"
#include "dataplane/route.h"
#include "model/model.h"

enum { IDLE_TIMEOUT_TCP_S = 350, IDLE_TIMEOUT_UDP_S = 120 };

struct dataplane {
	struct loader *loader;
	struct image *image;		/* what the maps hold */
	struct link *links;
	size_t link_count;
	struct attachment *attachments;	/* of links, for dataplane_attachments */
	enum xdp_mode mode;
	char *pin_dir;
	struct table routes;		/* struct route_link: what the map links holds */
};

/* From the first pin on the maps must say of which version they are. */
static int image_of_new_maps(const struct dataplane *dp, struct image **out)
{
	struct map_writer writer = maps_writer(loader_maps(dp->loader));
	struct image *image = image_new();
	const uint32_t zero = 0;
	int r;

	if (!image)
		return -ENOMEM;
	image->config = (struct config){
		.abi_version = ABI_VERSION,
		.flow_bucket_mask = loader_capacity(dp->loader, MAP_FLOWS) - 1,
		.idle_timeout_tcp = IDLE_TIMEOUT_TCP_S,
		.idle_timeout_udp = IDLE_TIMEOUT_UDP_S,
	};
	r = writer.update(writer.context, MAP_CONFIG, &zero, &image->config);
	if (r)
		image_free(&image);
	*out = image;
	return r;
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

static int open_image(struct dataplane *dp, bool adopted, struct err *err)
{
	int r = adopted ? read_maps(dp) : image_of_new_maps(dp, &dp->image);

	if (r)
		return err_set(err, -r, "reading the maps failed: %s", strerror(-r));
	if (adopted)
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
	r = r ?: loader_open(dp->pin_dir, &dp->loader, &adopted, err);
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

int dataplane_attach(struct dataplane *dp, struct err *err)
{
	int program = loader_program(dp->loader);
	size_t attached = 0;
	int r;

	r = loader_pin(dp->loader, err);
	r = r ?: allow_redirect(dp, err);
	while (!r && attached < dp->link_count) {
		r = attach_link(&dp->links[attached], program, dp->mode, dp->pin_dir, err);
		dp->attachments[attached] = dp->links[attached].attachment;
		attached++;
	}
	if (!r) {
		forbid_redirect(dp);
		detach_others(dp->links, dp->link_count, dp->pin_dir);
		return 0;
	}
	while (attached--)
		detach_link(&dp->links[attached], dp->pin_dir);
	loader_unpin(dp->loader);
	return r;
}

int dataplane_detach(struct dataplane *dp, struct err *err)
{
	int r = remove_pins(dp->pin_dir, err);

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
 * ---- changes ----------------------------------------------------------------------------------
 */

int dataplane_apply(struct dataplane *dp, const struct model *model, struct err *err)
{
	struct map_writer writer = maps_writer(loader_maps(dp->loader));
	_cleanup_(image_free) struct image *next = NULL;
	struct image *was = dp->image;
	int r;

	r = compile(model, dp->image, &next, err);
	r = r ?: apply(&writer, dp->image, next, err);
	if (r)
		return r;
	dp->image = next;
	next = was;
	return 0;
}

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

void dataplane_recall(const struct dataplane *dp, struct model *model)
{
	for (size_t i = 0; i < model->group_count; i++) {
		struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			struct target *target = &group->targets[j];
			const struct image_target *known;

			known = image_find_target(dp->image, group->name, &target->addr,
						  target->port);
			if (!known || target_is_draining(target))
				continue;
			target->state = known->label.state;
			target->reason = known->label.reason;
		}
	}
}

/*
 * ---- counters ---------------------------------------------------------------------------------
 */

static void read_traffic(const struct dataplane *dp, enum map_id map, uint32_t index,
			 struct traffic *out)
{
	maps_read_counters(loader_maps(dp->loader), map, index, (uint64_t *)out,
			   sizeof(*out) / sizeof(uint64_t));
}

void dataplane_listener_traffic(const struct dataplane *dp, const struct listener *listener,
				struct traffic *out)
{
	uint32_t id = image_find_id(dp->image, listener->name);

	*out = (struct traffic){ 0 };
	if (id)
		read_traffic(dp, MAP_LISTENER_TRAFFIC, id, out);
}

void dataplane_target_traffic(const struct dataplane *dp, const struct group *group,
			      const struct target *target, struct traffic *out)
{
	const struct image_target *row;

	*out = (struct traffic){ 0 };
	row = image_find_target(dp->image, group->name, &target->addr, target->port);
	if (row)
		read_traffic(dp, MAP_TARGET_TRAFFIC, row->index, out);
}

void dataplane_reasons(const struct dataplane *dp, uint64_t out[REASON_COUNT])
{
	for (uint32_t reason = 0; reason < REASON_COUNT; reason++)
		maps_read_counters(loader_maps(dp->loader), MAP_REASONS, reason, &out[reason], 1);
}

static uint64_t slots_used(const struct image *image)
{
	const struct image_ring *rings = image->rings.rows;
	uint64_t used = 0;

	for (size_t i = 0; i < image->rings.count; i++)
		used += 1u << rings[i].bits;
	return used;
}

size_t dataplane_map_fill(const struct dataplane *dp, struct map_fill *out, size_t max)
{
	const struct {
		enum map_id map;
		uint64_t used;
	} rows[] = {
		{ MAP_LISTENERS, dp->image->listeners.count },
		{ MAP_LISTENER_RANGES, dp->image->listener_ranges.count },
		{ MAP_REPLIES, dp->image->replies.count },
		{ MAP_REPLY_RANGES, dp->image->reply_ranges.count },
		{ MAP_SLOTS, slots_used(dp->image) },
		{ MAP_TARGETS, dp->image->targets.count },
		{ MAP_LINKS, dp->routes.count },
	};
	size_t count = ARRAY_SIZE(rows) < max ? ARRAY_SIZE(rows) : max;

	for (size_t i = 0; i < count; i++)
		out[i] = (struct map_fill){ map_name(rows[i].map), rows[i].used,
					    loader_capacity(dp->loader, rows[i].map) };
	return count;
}

size_t dataplane_rings(const struct dataplane *dp, struct ring_info *out, size_t max)
{
	const struct image_ring *rings = dp->image->rings.rows;
	size_t count = dp->image->rings.count;

	for (size_t i = 0; i < count && i < max; i++)
		out[i] = (struct ring_info){ rings[i].name ? rings[i].name : "", 1u << rings[i].bits,
					     rings[i].slots->imbalance };
	return count;
}
