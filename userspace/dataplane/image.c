// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/history.h"
#include "dataplane/siphash.h"

int endpoint_key_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct endpoint_key));
}

int image_target_compare(const void *a, const void *b)
{
	const struct target_label *x = &((const struct image_target *)a)->label;
	const struct target_label *y = &((const struct image_target *)b)->label;
	int order = strcmp(x->group, y->group);

	if (!order)
		order = memcmp(&x->addr, &y->addr, sizeof(x->addr));
	return order ? order : (x->port > y->port) - (x->port < y->port);
}

int image_ring_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct image_ring *)a)->key;
	uint64_t y = ((const struct image_ring *)b)->key;

	return (x > y) - (x < y);
}

int image_id_compare(const void *a, const void *b)
{
	return strcmp(((const struct image_id *)a)->name, ((const struct image_id *)b)->name);
}

struct ring_slots *ring_slots_new(unsigned bits)
{
	struct ring_slots *slots;

	slots = calloc(1, sizeof(*slots) + (sizeof(slots->slot[0]) << bits));
	if (slots)
		slots->references = 1;
	return slots;
}

struct ring_slots *ring_slots_ref(struct ring_slots *slots)
{
	slots->references++;
	return slots;
}

void ring_slots_unref(struct ring_slots **slots)
{
	if (*slots && !--(*slots)->references)
		free(*slots);
	*slots = NULL;
}

struct image *image_new(void)
{
	struct image *image = calloc(1, sizeof(*image));

	if (!image)
		return NULL;
	image->next_index = 1;
	image->next_listener = 1;
	return image;
}

void image_free(struct image **image)
{
	struct image_ring *rings;

	if (!*image)
		return;
	rings = (*image)->rings.rows;
	for (size_t i = 0; i < (*image)->rings.count; i++) {
		ring_slots_unref(&rings[i].slots);
		free(rings[i].name);
	}
	free((*image)->targets.rows);
	free((*image)->rings.rows);
	free((*image)->listeners.rows);
	free((*image)->replies.rows);
	free((*image)->listener_ranges.rows);
	free((*image)->reply_ranges.rows);
	free((*image)->ids.rows);
	free(*image);
	*image = NULL;
}

/* A target that was to live again is still dead: its generation, one further now, names nobody. */
void image_keep_ids(struct image *image, const struct image *failed)
{
	memcpy(image->generations, failed->generations, sizeof(image->generations));
	image->next_index = failed->next_index;
	image->next_listener = failed->next_listener;
}

void *table_add(struct table *table, size_t row_size)
{
	if (table->count == table->capacity) {
		size_t capacity = table->capacity ? table->capacity * 2 : 16;
		void *rows = realloc(table->rows, capacity * row_size);

		if (!rows)
			return NULL;
		table->rows = rows;
		table->capacity = capacity;
	}
	return memset((char *)table->rows + row_size * table->count++, 0, row_size);
}

void table_sort(struct table *table, size_t row_size, int (*compare)(const void *, const void *))
{
	if (table->count)
		qsort(table->rows, table->count, row_size, compare);
}

struct image_target *image_find_target(const struct image *image, const char *group,
				       const struct addr *addr, uint16_t port)
{
	struct image_target key = { .label = { .addr = *addr, .port = port } };

	if (!image->targets.count)
		return NULL;
	strncpy(key.label.group, group, sizeof(key.label.group) - 1);
	return bsearch(&key, image->targets.rows, image->targets.count, sizeof(key),
		       image_target_compare);
}

struct image_ring *image_find_ring(const struct image *image, uint64_t key)
{
	struct image_ring wanted = { .key = key };

	if (!image->rings.count)
		return NULL;
	return bsearch(&wanted, image->rings.rows, image->rings.count, sizeof(wanted),
		       image_ring_compare);
}

struct image_listener *image_find_listener(const struct image *image,
					   const struct endpoint_key *key)
{
	if (!image->listeners.count)
		return NULL;
	return bsearch(key, image->listeners.rows, image->listeners.count,
		       sizeof(struct image_listener), endpoint_key_compare);
}

static const struct image_id *find_id(const struct image *image, const char *listener)
{
	struct image_id key = { .id = 0 };

	strncpy(key.name, listener, sizeof(key.name) - 1);
	if (!image->ids.count)
		return NULL;
	return bsearch(&key, image->ids.rows, image->ids.count, sizeof(key), image_id_compare);
}

uint32_t image_find_id(const struct image *image, const char *listener)
{
	const struct image_id *row = find_id(image, listener);

	return row ? row->id : 0;
}

bool image_has_removed(const struct image *image, const char *listener)
{
	const struct image_id *row = find_id(image, listener);

	return row && row->removed;
}

/* By the longest timeout: entries that are older mean nothing to whoever comes after. */
bool image_forgets(const struct image *image, const struct image_listener *listener, uint32_t now)
{
	uint32_t removed_at = listener->label.removed_at;

	return removed_at &&
	       now - removed_at > image->config.idle_timeout_longest + (uint32_t)HISTORY_SLACK;
}

uint32_t image_target_id(const struct image_target *target)
{
	return TARGET_ID(target->index, target->entry.generation);
}

bool image_target_is_alive(const struct image_target *target)
{
	return target->entry.flags & TARGET_ALIVE;
}

uint32_t *image_alive_ids(const struct image *image)
{
	const struct image_target *rows = image->targets.rows;
	uint32_t *ids = calloc(TARGETS_MAX, sizeof(*ids));

	for (size_t i = 0; i < image->targets.count && ids; i++) {
		if (image_target_is_alive(&rows[i]))
			ids[rows[i].index] = image_target_id(&rows[i]);
	}
	return ids;
}

/* Only tells groups apart, where nobody can aim: a fixed key will do. */
uint64_t group_hash(const char *group)
{
	static const uint64_t key[2] = { 0, 1 };
	uint64_t hash = siphash13(key, group, strlen(group));

	return hash && hash != GROUP_ANY ? hash : 1;
}

bool ring_serves_any(const struct image_ring *ring)
{
	return ring->groups[RING_GROUPS_MAX - 1] == GROUP_ANY;
}

bool ring_serves_group(const struct image_ring *ring, uint64_t group)
{
	for (size_t i = 0; i < RING_GROUPS_MAX; i++) {
		if (ring->groups[i] == group)
			return true;
	}
	return ring_serves_any(ring);
}

void ring_add_group(struct image_ring *ring, uint64_t group)
{
	size_t i = 0;

	if (!group || ring_serves_group(ring, group))
		return;
	while (i < RING_GROUPS_MAX - 1 && (ring->groups[i] || group == GROUP_ANY))
		i++;
	ring->groups[i] = i < RING_GROUPS_MAX - 1 ? group : GROUP_ANY;
}
