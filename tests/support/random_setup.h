/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random changes of a world's setup, each with a few words about it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct world;

/*
 * Edits world->next (world_edit) in some way that a user could, 1 to 4 things at once. The setup
 * stays one that validation accepts, but for what nat targets can not have. More happens to the
 * favourite group than to others; -1: there is none.
 */
void random_edit(struct world *world, uint64_t *random, int favourite, FILE *words);

/*
 * A listener leaves (it is removed, mostly with targets, or gives no promise any more), and later
 * is back. The first returns its number, -1 if there is nobody. *favourite is a group that matters.
 */
int random_leave(struct world *world, uint64_t *random, int *favourite, FILE *words);
void random_return(struct world *world, uint64_t *random, int listener, int *favourite,
		   FILE *words);

/* The first edit: groups and listeners come into being. */
void random_beginning(struct world *world, uint64_t *random, FILE *words);

/* What the checks find next. No_news: only of those that were not checked yet, or need not be. */
void random_health(struct world *world, uint64_t *random, bool no_news, FILE *words);

/* Any target that somebody may remove at once; WORLD_NOWHERE if there is none. */
int random_victim(const struct world *world, uint64_t *random);
