/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The model's sorted arrays: an array and its count, without a capacity. The capacity follows from
 * the count (array_capacity), so every array that grows here must have been allocated here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef int array_compare(const void *a, const void *b);

/* The count rounded up to a power of two; 0 for 0. */
size_t array_capacity(size_t count);

/* A copy that can grow here, of no elements too; NULL if out of memory. */
void *array_copy(const void *array, size_t count, size_t size);

/* The place of the key, or where it belongs (then *found is false). */
size_t array_find(const void *key, const void *array, size_t count, size_t size,
		  array_compare *compare, bool *found);

/*
 * Opens a gap of one element, which the caller fills, counting it too. Returns the array, which may
 * have moved; NULL if out of memory: nothing has changed then.
 */
void *array_open(void *array, size_t count, size_t size, size_t at);

/* Closes the gap where an element was; the caller counts it out. */
void array_close(void *array, size_t count, size_t size, size_t at);

/* The model's two orders. Anything that has a name has it as its first member. */
int array_by_name(const void *a, const void *b);
int array_by_endpoint(const void *a, const void *b);	/* struct target */

/* Two sorted arrays of one kind, side by side. The first four are set by the caller. */
struct array_walk {
	const void *next[2];
	size_t left[2];			/* elements from next on */
	size_t size;
	array_compare *compare;
	const void *pair[2];		/* equals; or NULL where only the other array has one */
};

/* Sets the next pair; false at the end. */
bool array_walk(struct array_walk *walk);
