// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/image.h"

#include <criterion/criterion.h>

#include "base/addr.h"
#include "base/err.h"
#include "build_model.h"
#include "dataplane/compile.h"
#include "model/model.h"

/* One is always healthy: a group without a healthy target fails open, and nobody in it is dead. */
#define GROUP	  "group web; target web 10.0.0.9:80 healthy;"
#define DEAD	  GROUP "target web 10.0.0.1:80 unhealthy; target web [fd00::1]:80 unhealthy;"
#define REBORN	  GROUP "target web 10.0.0.1:80 healthy; target web [fd00::1]:80 healthy;"
#define NEW	  "target web 10.0.0.2:80 healthy; target web [fd00::2]:80 healthy;"
#define LISTENER  "listener www tcp 192.0.2.1 80 web;"
#define NEW_PLACE "listener six udp 2001:db8::1 80 web;"

enum { NOW_S = 1000 };

/* What the maps should hold for the model after they held current. */
static struct image *compiled(const char *text, const struct image *current)
{
	const struct compile_options options = { .now = NOW_S };
	struct model *model = build_model(text);
	struct image *image = NULL;
	struct err err = { 0 };

	model_settle(model, NOW_S * 1000);
	cr_assert_eq(compile(model, current, &options, &image, &err), 0, "%s", err.text);
	model_free(&model);
	return image;
}

static const struct image_target *find(const struct image *image, const char *text)
{
	const struct image_target *row;
	struct addr addr;

	cr_assert_eq(addr_parse(text, &addr, NULL), 0);
	row = image_find_target(image, "web", &addr, 80);
	cr_assert(row);
	return row;
}

static uint32_t id_of(const struct image *image, const char *text)
{
	return image_target_id(find(image, text));
}

/* Packets may have been recorded under the ids of a change that was undone. */
Test(image, ids_of_an_undone_change_are_not_given_out_again)
{
	static const char *const reborn[] = { "10.0.0.1", "fd00::1" };
	static const char *const new[] = { "10.0.0.2", "fd00::2" };
	struct image *none = image_new(), *current = compiled(DEAD LISTENER, none), *failed, *next;

	failed = compiled(REBORN NEW LISTENER NEW_PLACE, current);
	image_keep_ids(current, failed);
	next = compiled(REBORN NEW LISTENER NEW_PLACE, current);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(find(next, reborn[i])->index, find(current, reborn[i])->index);
		cr_expect_neq(id_of(next, reborn[i]), id_of(current, reborn[i]));
		cr_expect_neq(id_of(next, reborn[i]), id_of(failed, reborn[i]));
		cr_expect_neq(find(next, new[i])->index, find(failed, new[0])->index);
		cr_expect_neq(find(next, new[i])->index, find(failed, new[1])->index);
	}
	cr_expect_eq(image_find_id(next, "www"), image_find_id(current, "www"));
	cr_expect_neq(image_find_id(next, "six"), image_find_id(failed, "six"));
	image_free(&none);
	image_free(&current);
	image_free(&failed);
	image_free(&next);
}

/* Whoever lives in what the maps still hold keeps its id, and its flows. */
Test(image, the_living_keep_their_ids_when_a_change_is_undone)
{
	struct image *none = image_new(), *current = compiled(REBORN LISTENER, none), *failed, *next;

	failed = compiled(DEAD NEW LISTENER, current);
	image_keep_ids(current, failed);
	next = compiled(REBORN LISTENER, current);
	cr_expect_eq(id_of(next, "10.0.0.1"), id_of(current, "10.0.0.1"));
	cr_expect_eq(id_of(next, "fd00::1"), id_of(current, "fd00::1"));
	image_free(&none);
	image_free(&current);
	image_free(&failed);
	image_free(&next);
}
