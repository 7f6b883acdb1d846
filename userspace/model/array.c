// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sorted arrays that grow by doubling, and the walk over two of them: below the model's edits, its
 * carrying over and its diff.
 */
#include "model/array.h"

#include <stdlib.h>
#include <string.h>

#include "model/model.h"

size_t array_capacity(size_t count)
{
	size_t capacity = count ? 1 : 0;

	while (capacity < count)
		capacity *= 2;
	return capacity;
}

void *array_copy(const void *array, size_t count, size_t size)
{
	size_t capacity = array_capacity(count);
	void *copy = reallocarray(NULL, capacity ? capacity : 1, size);

	if (copy && count)
		memcpy(copy, array, count * size);
	return copy;
}

size_t array_find(const void *key, const void *array, size_t count, size_t size,
		  array_compare *compare, bool *found)
{
	size_t low = 0, high = count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(key, (const char *)array + middle * size);

		if (order > 0) {
			low = middle + 1;
		} else {
			high = middle;
			*found |= !order;
		}
	}
	return low;
}

void *array_open(void *array, size_t count, size_t size, size_t at)
{
	char *bytes = array;

	if (array_capacity(count) == count) {
		bytes = reallocarray(array, array_capacity(count + 1), size);
		if (!bytes)
			return NULL;
	}
	memmove(bytes + (at + 1) * size, bytes + at * size, (count - at) * size);
	return bytes;
}

void array_close(void *array, size_t count, size_t size, size_t at)
{
	char *bytes = array;

	memmove(bytes + at * size, bytes + (at + 1) * size, (count - at - 1) * size);
}

/* A name is the key of everything that has one, and comes first in it. */
_Static_assert(!offsetof(struct listener, name), "listener name");
_Static_assert(!offsetof(struct group, name), "group name");
_Static_assert(!offsetof(struct weighted_group, name), "weighted group name");

int array_by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

int array_by_endpoint(const void *a, const void *b)
{
	return target_compare(a, b);
}

bool array_walk(struct array_walk *walk)
{
	int order = 0;

	if (!walk->left[0] && !walk->left[1])
		return false;
	if (!walk->left[0] || !walk->left[1])
		order = walk->left[0] ? -1 : 1;
	else
		order = walk->compare(walk->next[0], walk->next[1]);
	for (int side = 0; side < 2; side++) {
		bool takes = side ? order >= 0 : order <= 0;

		walk->pair[side] = takes ? walk->next[side] : NULL;
		if (!takes)
			continue;
		walk->next[side] = (const char *)walk->next[side] + walk->size;
		walk->left[side]--;
	}
	return true;
}
