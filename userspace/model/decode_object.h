/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The decoder's engine, for the decoders of this folder alone: an object is a table of fields, a
 * list a table of what its elements are. Unknown, missing and twice-given things are answered from
 * these tables, in one place.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct lines;

/* Where the decoder is: the beginning of each sentence. */
struct place {
	const struct place *in;		/* the object around this one; NULL: none */
	const char *label;		/* "group 'web'", "health_check"; NULL: the configuration */
	unsigned line;			/* 0: not known */
	const struct lines *lines;	/* NULL: not known */
	struct err *err;
};

/* One key of an object and the member of the struct that it fills. */
struct field {
	const char *key;		/* NULL ends a table */
	/* Checks value and puts it into object (member_of). The place is that of the key. */
	int (*decode)(const struct place *at, const struct field *field, const json_t *value,
		      void *object);
	size_t offset, size;		/* of the member; size 0: more than one member */
	uint64_t min, max;		/* of a number, and of a duration in milliseconds */
	uint32_t unit_ms;		/* what a duration's member counts */
	bool required;			/* if it is absent, the member must not be all zero */
};
#define FIELD(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

/* What the elements of a list are. */
struct kind {
	size_t size;			/* of the struct */
	void (*init)(void *object);	/* over zeros */
	void (*label)(const json_t *tree, size_t number, char *label);	/* LABEL_SIZE */
	int (*decode)(const struct place *at, const json_t *tree, void *object);
	int (*compare)(const void *a, const void *b);	/* 0: the same one twice */
	/* Moves object into its owner, which keeps its elements in the order of compare. */
	int (*put)(const struct place *at, void *owner, void *object);
	void (*clean)(void *object);	/* NULL: the struct owns nothing */
};

enum { LABEL_SIZE = 96 };

/*
 * "group 'web'", "group #2" for the second of a list if it has no name (NULL or ""), and "group" if
 * it is not in a list (number 0). label holds LABEL_SIZE bytes.
 */
void label_object(char *label, const char *kind, const char *name, size_t number);

/* Sets the sentence, with line and labels in front, and returns -EINVAL. */
int decode_refuse(const struct place *at, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int decode_no_memory(const struct place *at);

/* "port must be WANTED, not a list". */
int decode_refuse_type(const struct place *at, const struct field *field, const json_t *value,
		       const char *wanted);

/* Fills the members whose keys are given; object may be half written on failure. */
int decode_object(const struct place *at, const struct field *fields, const json_t *tree,
		  void *object);

/* Decodes every element, refuses duplicates, then puts them into owner in order. */
int decode_list(const struct place *at, const struct field *field, const struct kind *kind,
		const json_t *list, void *owner);

void *member_of(void *object, const struct field *field);
/* Into an unsigned member of any size that holds field->max. */
void member_store(void *object, const struct field *field, uint64_t value);
