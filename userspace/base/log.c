// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One line on stderr for each event, from wherever it happens; systemd keeps them. */
#include "base/log.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static enum log_level threshold = LOG_LEVEL_INFO;
static const char *const names[] = { "error", "warning", "info", "debug" };

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_level_parse(const char *name, enum log_level *level)
{
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i])) {
			*level = i;
			return true;
		}
	}
	return false;
}

void log_write_args(enum log_level level, const char *topic, const char *format, va_list args)
{
	char text[1024];
	size_t length;

	if (level > threshold)
		return;
	vsnprintf(text, sizeof(text), format, args);
	length = strlen(text);
	if (length && text[length - 1] == '\n')		/* libbpf ends its lines itself */
		text[length - 1] = '\0';
	fprintf(stderr, "%s %s: %s\n", names[level], topic, text);
}

void log_write(enum log_level level, const char *topic, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_write_args(level, topic, format, args);
	va_end(args);
}
