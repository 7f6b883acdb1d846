/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The log: one line an event on stderr, `level topic: what 'name': detail`. Never a packet. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* The one process-wide setting; info until it is called. */
void log_set_level(enum log_level level);

/* False, and level untouched, if the name is not one of error, warning, info, debug. */
bool log_level_parse(const char *name, enum log_level *level);

void log_write(enum log_level level, const char *topic, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void log_write_args(enum log_level level, const char *topic, const char *format, va_list args);

#define log_error(topic, ...) log_write(LOG_LEVEL_ERROR, topic, __VA_ARGS__)
#define log_warning(topic, ...) log_write(LOG_LEVEL_WARNING, topic, __VA_ARGS__)
#define log_info(topic, ...) log_write(LOG_LEVEL_INFO, topic, __VA_ARGS__)
#define log_debug(topic, ...) log_write(LOG_LEVEL_DEBUG, topic, __VA_ARGS__)
