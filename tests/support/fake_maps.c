// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fake_maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	size_t key, value;
} sizes[MAP_COUNT] = {
	[MAP_CONFIG] = { 4, sizeof(struct config) },
	[MAP_LISTENERS] = { sizeof(struct endpoint_key), sizeof(struct listener_entry) },
	[MAP_LISTENER_RANGES] = { sizeof(struct endpoint_key), sizeof(struct port_ranges) },
	[MAP_REPLIES] = { sizeof(struct endpoint_key), sizeof(struct reply_entry) },
	[MAP_REPLY_RANGES] = { sizeof(struct endpoint_key), sizeof(struct port_ranges) },
	[MAP_TARGETS] = { 4, sizeof(struct target_entry) },
	[MAP_TARGET_LABELS] = { 4, sizeof(struct target_label) },
	[MAP_LISTENER_LABELS] = { 4, sizeof(struct listener_label) },
	[MAP_TARGET_TRAFFIC] = { 4, sizeof(struct traffic) },
	[MAP_LISTENER_TRAFFIC] = { 4, sizeof(struct traffic) },
};

void fake_maps_init(struct fake_maps *maps)
{
	*maps = (struct fake_maps){ .slots = calloc(SLOTS_MAX, sizeof(*maps->slots)) };
}

void fake_maps_clean(struct fake_maps *maps)
{
	free(maps->entries);
	free(maps->slots);
}

static struct fake_entry *find(const struct fake_maps *maps, enum map_id map, const void *key)
{
	for (size_t i = 0; i < maps->count; i++) {
		if (maps->entries[i].map == map && !memcmp(maps->entries[i].key, key, sizes[map].key))
			return &maps->entries[i];
	}
	return NULL;
}

static int count_write(struct fake_maps *maps)
{
	return ++maps->writes == maps->fail_at ? -ENOMEM : 0;
}

static int done(struct fake_maps *maps)
{
	if (maps->written)
		maps->written(maps);
	return 0;
}

static int update(void *context, enum map_id map, const void *key, const void *value)
{
	struct fake_maps *maps = context;
	struct fake_entry *entry = find(maps, map, key);

	if (count_write(maps))
		return -ENOMEM;
	if (!entry) {
		maps->entries = realloc(maps->entries, (maps->count + 1) * sizeof(*entry));
		entry = &maps->entries[maps->count++];
		memset(entry, 0, sizeof(*entry));
		entry->map = map;
		memcpy(entry->key, key, sizes[map].key);
	}
	memcpy(entry->value, value, sizes[map].value);
	return done(maps);
}

static int delete(void *context, enum map_id map, const void *key)
{
	struct fake_maps *maps = context;
	struct fake_entry *entry = find(maps, map, key);

	if (count_write(maps))
		return -ENOMEM;
	if (!entry)
		return -ENOENT;
	*entry = maps->entries[--maps->count];
	return done(maps);
}

static void store_slot(void *context, uint32_t slot, union slot value)
{
	struct fake_maps *maps = context;

	maps->slots[slot] = value.word;
}

static void wait_for_readers(void *context)
{
	struct fake_maps *maps = context;

	maps->waits++;
}

struct map_writer fake_maps_writer(struct fake_maps *maps)
{
	return (struct map_writer){ update, delete, store_slot, wait_for_readers, maps };
}

const void *fake_maps_find(const struct fake_maps *maps, enum map_id map, const void *key)
{
	const struct fake_entry *entry = find(maps, map, key);

	return entry ? entry->value : NULL;
}

size_t fake_maps_count(const struct fake_maps *maps, enum map_id map)
{
	size_t count = 0;

	for (size_t i = 0; i < maps->count; i++)
		count += maps->entries[i].map == map;
	return count;
}
