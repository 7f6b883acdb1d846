// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lists of objects: the second half of the decoder's engine. The elements are decoded in the order
 * of the text, so that the first mistake is the one reported, and then put in sorted order, which
 * makes duplicates neighbours and each insertion an append.
 */
#include "model/decode_object.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "model/yaml.h"

struct element {
	void *object;			/* in list.objects */
	size_t index;			/* in the text */
};

struct list {
	const struct kind *kind;
	const json_t *tree;
	char *objects;			/* owned: count times kind->size */
	struct element *elements;	/* owned */
	size_t count;
};

static void list_clean(struct list *list)
{
	for (size_t i = 0; list->kind->clean && list->objects && i < list->count; i++)
		list->kind->clean(list->objects + i * list->kind->size);
	free(list->objects);
	free(list->elements);
}

static int decode_elements(const struct place *at, struct list *list)
{
	char label[LABEL_SIZE];
	json_t *tree;
	size_t i;
	int r;

	json_array_foreach(list->tree, i, tree) {
		struct place here = *at;

		here.in = at;
		here.label = label;
		here.line = lines_find(at->lines, list->tree, i);
		list->kind->label(tree, i + 1, label);
		list->elements[i].object = list->objects + i * list->kind->size;
		list->elements[i].index = i;
		list->kind->init(list->elements[i].object);
		r = list->kind->decode(&here, tree, list->elements[i].object);
		if (r)
			return r;
	}
	return 0;
}

/* Equal ones stay in the order of the text, so that the later one is the duplicate. */
static int compare_elements(const void *a, const void *b, void *kind)
{
	const struct element *x = a, *y = b;
	int order = ((const struct kind *)kind)->compare(x->object, y->object);

	return order ? order : x->index < y->index ? -1 : 1;
}

static int check_duplicates(const struct place *at, const struct list *list)
{
	const struct element *e = list->elements;
	struct place here = *at;
	char label[LABEL_SIZE];
	unsigned first;

	for (size_t i = 1; i < list->count; i++) {
		if (list->kind->compare(e[i - 1].object, e[i].object))
			continue;
		list->kind->label(json_array_get(list->tree, e[i].index), 0, label);
		here.line = lines_find(at->lines, list->tree, e[i].index);
		first = lines_find(at->lines, list->tree, e[i - 1].index);
		if (first)
			return decode_refuse(&here, "%s is there twice; the first is in line %u",
					     label, first);
		return decode_refuse(&here, "%s is there twice", label);
	}
	return 0;
}

int decode_list(const struct place *at, const struct field *field, const struct kind *kind,
		const json_t *tree, void *owner)
{
	_cleanup_(list_clean) struct list list = {
		.kind = kind, .tree = tree, .count = json_array_size(tree)
	};
	int r;

	if (!json_is_array(tree))
		return decode_refuse_type(at, field, tree, "a list");
	if (!list.count)
		return 0;
	list.objects = calloc(list.count, kind->size);
	list.elements = calloc(list.count, sizeof(*list.elements));
	if (!list.objects || !list.elements)
		return decode_no_memory(at);
	r = decode_elements(at, &list);
	if (r)
		return r;
	qsort_r(list.elements, list.count, sizeof(*list.elements), compare_elements, (void *)kind);
	r = check_duplicates(at, &list);
	for (size_t i = 0; !r && i < list.count; i++)
		r = kind->put(at, owner, list.elements[i].object);
	return r;
}
