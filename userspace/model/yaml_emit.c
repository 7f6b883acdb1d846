// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* JSON tree -> YAML text, such that yaml_parse gives the same tree back: for export. */
#include "model/yaml.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "model/yaml_scalar.h"

static void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static bool is_printable_ascii(const char *text)
{
	while (*text >= ' ' && *text <= '~')
		text++;
	return !*text;
}

/*
 * The emitter quotes what would break the syntax; it does not know what we take for a number, and
 * only in double quotes does every character have an escape.
 */
static yaml_scalar_style_t string_style(const char *text)
{
	if (!is_printable_ascii(text))
		return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	if (yaml_scalar_is_typed(text))
		return YAML_SINGLE_QUOTED_SCALAR_STYLE;
	return YAML_PLAIN_SCALAR_STYLE;
}

static bool emit_text(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t event;

	return yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
					    (int)strlen(text), 1, 1, style) &&
	       yaml_emitter_emit(emitter, &event);
}

static bool emit_scalar(yaml_emitter_t *emitter, const json_t *node)
{
	char text[64];

	switch (json_typeof(node)) {
	case JSON_STRING:
		return emit_text(emitter, json_string_value(node),
				 string_style(json_string_value(node)));
	case JSON_INTEGER:
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(node));
		break;
	case JSON_REAL:
		snprintf(text, sizeof(text), "%.17g", json_real_value(node));
		if (!strpbrk(text, ".e"))
			strcat(text, ".0");	/* else it would come back as an integer */
		break;
	default:
		snprintf(text, sizeof(text), "%s",
			 json_is_true(node) ? "true" : json_is_false(node) ? "false" : "null");
	}
	return emit_text(emitter, text, YAML_PLAIN_SCALAR_STYLE);
}

static bool emit_node(yaml_emitter_t *emitter, const json_t *node);

static bool emit_object(yaml_emitter_t *emitter, const json_t *object)
{
	yaml_event_t event;
	const char *key;
	json_t *value;

	if (!yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE) ||
	    !yaml_emitter_emit(emitter, &event))
		return false;
	json_object_foreach((json_t *)object, key, value) {
		if (!emit_text(emitter, key, string_style(key)) || !emit_node(emitter, value))
			return false;
	}
	return yaml_mapping_end_event_initialize(&event) && yaml_emitter_emit(emitter, &event);
}

static bool emit_list(yaml_emitter_t *emitter, const json_t *list)
{
	yaml_event_t event;
	json_t *value;
	size_t i;

	if (!yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
						  YAML_BLOCK_SEQUENCE_STYLE) ||
	    !yaml_emitter_emit(emitter, &event))
		return false;
	json_array_foreach(list, i, value) {
		if (!emit_node(emitter, value))
			return false;
	}
	return yaml_sequence_end_event_initialize(&event) && yaml_emitter_emit(emitter, &event);
}

static bool emit_node(yaml_emitter_t *emitter, const json_t *node)
{
	if (json_is_object(node))
		return emit_object(emitter, node);
	if (json_is_array(node))
		return emit_list(emitter, node);
	return emit_scalar(emitter, node);
}

static bool emit_document(yaml_emitter_t *emitter, const json_t *tree)
{
	yaml_event_t event;

	return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
	       yaml_emitter_emit(emitter, &event) &&
	       yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
	       yaml_emitter_emit(emitter, &event) && emit_node(emitter, tree) &&
	       yaml_document_end_event_initialize(&event, 1) &&
	       yaml_emitter_emit(emitter, &event) && yaml_stream_end_event_initialize(&event) &&
	       yaml_emitter_emit(emitter, &event);
}

char *yaml_emit(const json_t *tree)
{
	_cleanup_free_ char *text = NULL;	/* before the file: closing that may still set it */
	_cleanup_(cleanup_file) FILE *file = NULL;
	_cleanup_(yaml_emitter_delete) yaml_emitter_t emitter = { 0 };
	size_t length;
	bool ok;

	file = open_memstream(&text, &length);
	if (!file || !yaml_emitter_initialize(&emitter))
		return NULL;
	yaml_emitter_set_output_file(&emitter, file);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	ok = emit_document(&emitter, tree);
	ok &= !fclose(take_ptr(file));
	return ok ? take_ptr(text) : NULL;
}
