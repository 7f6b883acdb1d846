/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Models for tests, written as configuration files. */
#pragma once

struct model;

/* Decoded and validated; every target healthy, with a next hop. Aborts with the sentence if not. */
struct model *parse_model(const char *yaml);
