/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Models for tests of the model itself, from short texts: no decoder, no validation. */
#pragma once

struct model;

/*
 * Statements, each ended by a semicolon:
 *
 *   group NAME [nat|ipip|check=none|interval=MS|timeout=MS|source4=A|source6=A|removed|
 *               idle=SECONDS|delay=SECONDS|termination=BOOL|unhealthy_termination=BOOL|
 *               unhealthy_draining=SECONDS|slow_start=SECONDS]...
 *   target GROUP ADDR:PORT [weight=N|STATE|until=DRAIN_DEADLINE_MS|alive|remembered|since=MS]...
 *   listener NAME tcp|udp ADDR PORT|P1-P2|any [GROUP[=WEIGHT]|affinity=auto|tracked|hash]...
 *
 * A group comes before its targets. Aborts, naming the word, on anything else.
 */
struct model *build_model(const char *text);
