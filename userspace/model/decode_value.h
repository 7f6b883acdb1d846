/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values that several objects have: the `decode` of a struct field (model/decode_object.h). */
#pragma once

#include "abi.h"
#include "model/decode_object.h"

/* A whole number in field->min..max. */
int decode_number(const struct place *at, const struct field *field, const json_t *value,
		  void *object);
/* true or false into a bool. */
int decode_bool(const struct place *at, const struct field *field, const json_t *value,
		void *object);
/* A duration in field->min..max ms, stored in units of field->unit_ms. */
int decode_duration(const struct place *at, const struct field *field, const json_t *value,
		    void *object);
/* An address into a struct addr. */
int decode_address(const struct place *at, const struct field *field, const json_t *value,
		   void *object);
/* A name into char[NAME_SIZE]; one that is already there can not be changed. */
int decode_name(const struct place *at, const struct field *field, const json_t *value,
		void *object);

/* What decode_number and decode_address do, for values that are not a member as they stand. */
int number_read(const struct place *at, const struct field *field, const json_t *value,
		uint64_t *out);
int address_read(const struct place *at, const struct field *field, const json_t *value,
		 struct addr *out);

/*
 * A port (1-65535, without leading zeros) at the start of the text. The text behind it; NULL, and
 * nothing written, if there is none.
 */
const char *port_read(const char *text, uint16_t *port);

/*
 * "forwarding 'foo' is unknown; use nat or ipip", or for one of later (NULL-terminated; NULL: none)
 * "forwarding snat is not available yet; use nat or ipip".
 */
int decode_refuse_word(const struct place *at, const struct field *field, const char *word,
		       const char *available, const char *const *later);
