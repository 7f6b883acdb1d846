/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the maps of the last daemon into new ones that take their place: of another version of the
 * ABI, or with another size of the flow table. Private to the loader.
 */
#pragma once

struct err;
struct maps;
struct pin_dir;

/*
 * Copies all but what is of flows: the flow table stays empty, and every slot is stable on its
 * current target. Of another version, whose values may be shorter or longer (see abi.h), what can
 * not be told stays zero, and maps that are missing, or are something else there, stay empty.
 */
int handover(const struct pin_dir *from, struct maps *to, struct err *err);
