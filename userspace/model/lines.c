// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A side table that says on which line of the text each member of a tree began: for sentences. */
#include "model/lines.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/yaml.h"

struct member {
	const json_t *container;	/* compared, never followed: the tree may be gone by now */
	uint32_t index;
	uint32_t line;
};

struct lines {
	struct member *members;		/* owned */
	size_t count, capacity;
};

struct lines *lines_new(void)
{
	return calloc(1, sizeof(struct lines));
}

void lines_free(struct lines **lines)
{
	if (!*lines)
		return;
	free((*lines)->members);
	free(*lines);
	*lines = NULL;
}

int lines_add(struct lines *lines, const json_t *container, size_t index, unsigned line)
{
	size_t capacity = lines->capacity ? lines->capacity * 2 : 64;
	struct member *members;

	if (lines->count == lines->capacity) {
		members = reallocarray(lines->members, capacity, sizeof(*members));
		if (!members)
			return -ENOMEM;
		lines->members = members;
		lines->capacity = capacity;
	}
	lines->members[lines->count++] = (struct member){ container, (uint32_t)index, line };
	return 0;
}

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->container != y->container)
		return (uintptr_t)x->container < (uintptr_t)y->container ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

void lines_sort(struct lines *lines)
{
	if (lines->count)
		qsort(lines->members, lines->count, sizeof(*lines->members), compare_members);
}

unsigned lines_find(const struct lines *lines, const json_t *container, size_t index)
{
	struct member wanted = { container, (uint32_t)index, 0 };
	const struct member *found = NULL;

	if (lines && lines->count)
		found = bsearch(&wanted, lines->members, lines->count, sizeof(wanted),
				compare_members);
	return found ? found->line : 0;
}
