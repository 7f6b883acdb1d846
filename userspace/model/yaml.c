// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * YAML text -> JSON tree: the first step of a configuration file's way. libyaml's events are put
 * together on a stack of open objects and lists; what a configuration does not need (anchors,
 * aliases, tags, several documents) is refused, so that a file says all it says where it says it.
 */
#include "model/yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/lines.h"
#include "model/show.h"
#include "model/yaml_scalar.h"

/* An object or list that has begun and not ended. */
struct frame {
	json_t *node;		/* borrowed: its container or the builder owns it */
	char *key;		/* owned; of the value that comes next. NULL: a key comes next */
	unsigned key_line;
};

struct builder {
	struct frame frames[YAML_DEPTH_MAX];
	size_t depth;
	size_t documents;
	json_t *root;		/* owned */
	struct lines *lines;	/* owned */
	struct err *err;
};

static void builder_clean(struct builder *builder)
{
	for (size_t i = 0; i < builder->depth; i++)
		free(builder->frames[i].key);
	json_decref(builder->root);
	lines_free(&builder->lines);
}

static unsigned event_line(const yaml_event_t *event)
{
	return (unsigned)event->start_mark.line + 1;
}

static int no_memory(struct builder *builder)
{
	return err_set(builder->err, ENOMEM, "out of memory");
}

static bool awaits_key(const struct frame *frame)
{
	return json_is_object(frame->node) && !frame->key;
}

/* Takes node, NULL included, and puts it where the next value belongs. */
static int add_value(struct builder *builder, json_t *node, unsigned line)
{
	struct frame *top = builder->depth ? &builder->frames[builder->depth - 1] : NULL;
	size_t index;
	int r;

	if (!node)
		return no_memory(builder);
	if (!top) {
		builder->root = node;
		return 0;
	}
	if (json_is_object(top->node)) {
		index = json_object_size(top->node);
		line = top->key_line;
		r = json_object_set_new_nocheck(top->node, top->key, node);
		free(take_ptr(top->key));
	} else {
		index = json_array_size(top->node);
		r = json_array_append_new(top->node, node);
	}
	return r || lines_add(builder->lines, top->node, index, line) ? no_memory(builder) : 0;
}

static int set_key(struct builder *builder, struct frame *frame, const char *key, unsigned line)
{
	char shown[SHOWN_SIZE];

	if (json_object_get(frame->node, key))
		return err_set(builder->err, EINVAL, "line %u: the key '%s' is given twice", line,
			       show_text(key, shown));
	frame->key = strdup(key);
	frame->key_line = line;
	return frame->key ? 0 : no_memory(builder);
}

static int refuse_decoration(struct builder *builder, const yaml_char_t *anchor,
			     const yaml_char_t *tag, unsigned line)
{
	char shown[SHOWN_SIZE];

	if (anchor)
		return err_set(builder->err, EINVAL,
			       "line %u: anchors such as &%s are not supported", line,
			       show_text((const char *)anchor, shown));
	if (tag)
		return err_set(builder->err, EINVAL,
			       "line %u: tags such as !!str are not supported", line);
	return 0;
}

static int on_scalar(struct builder *builder, const yaml_event_t *event)
{
	struct frame *top = builder->depth ? &builder->frames[builder->depth - 1] : NULL;
	const char *text = (const char *)event->data.scalar.value;
	unsigned line = event_line(event);
	int r;

	r = refuse_decoration(builder, event->data.scalar.anchor, event->data.scalar.tag, line);
	if (r)
		return r;
	if (strlen(text) != event->data.scalar.length)
		return err_set(builder->err, EINVAL, "line %u: the character \\0 is not allowed",
			       line);
	if (top && awaits_key(top))
		return set_key(builder, top, text, line);
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return add_value(builder, yaml_scalar_read(text), line);
	return add_value(builder, json_string(text), line);
}

/* Takes node, an empty object or list. */
static int on_start(struct builder *builder, const yaml_event_t *event, json_t *node)
{
	unsigned line = event_line(event);
	int r;

	if (builder->depth && awaits_key(&builder->frames[builder->depth - 1])) {
		json_decref(node);
		return err_set(builder->err, EINVAL, "line %u: a key must be a word, not %s", line,
			       event->type == YAML_MAPPING_START_EVENT ? "an object" : "a list");
	}
	if (builder->depth == YAML_DEPTH_MAX) {
		json_decref(node);
		return err_set(builder->err, EINVAL, "line %u: nested more than %d levels deep",
			       line, YAML_DEPTH_MAX);
	}
	r = add_value(builder, node, line);
	if (!r)
		builder->frames[builder->depth++] = (struct frame){ .node = node };
	return r;
}

static int on_document(struct builder *builder, const yaml_event_t *event)
{
	if (builder->documents++)
		return err_set(builder->err, EINVAL,
			       "line %u: a second document begins here; there must be only one",
			       event_line(event));
	return 0;
}

static int on_event(struct builder *builder, const yaml_event_t *event)
{
	unsigned line = event_line(event);
	char shown[SHOWN_SIZE];
	int r;

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(builder, event);
	case YAML_ALIAS_EVENT:
		return err_set(builder->err, EINVAL,
			       "line %u: aliases such as *%s are not supported", line,
			       show_text((const char *)event->data.alias.anchor, shown));
	case YAML_SCALAR_EVENT:
		return on_scalar(builder, event);
	case YAML_MAPPING_START_EVENT:
		r = refuse_decoration(builder, event->data.mapping_start.anchor,
				      event->data.mapping_start.tag, line);
		return r ? r : on_start(builder, event, json_object());
	case YAML_SEQUENCE_START_EVENT:
		r = refuse_decoration(builder, event->data.sequence_start.anchor,
				      event->data.sequence_start.tag, line);
		return r ? r : on_start(builder, event, json_array());
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		builder->depth--;
		return 0;
	default:
		return 0;
	}
}

static unsigned line_of_offset(const char *text, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

/* The commonest mistake of all, which libyaml calls a character that can not start any token. */
static bool is_indented_by_tab(const char *text, size_t length, unsigned line)
{
	const char *end = text + length;

	for (; text && line > 1; line--) {
		text = memchr(text, '\n', (size_t)(end - text));
		text = text ? text + 1 : NULL;
	}
	while (text && text < end && *text == ' ')
		text++;
	return text && text < end && *text == '\t';
}

static int refuse_syntax(const yaml_parser_t *parser, const char *text, size_t length,
			 struct err *err)
{
	const char *context = parser->context ? parser->context : "";
	unsigned line = (unsigned)parser->problem_mark.line + 1;
	unsigned last = length ? line_of_offset(text, length - 1) : 1;

	if (line > last)		/* libyaml counts the end of the text as a line */
		line = last;
	if (parser->error == YAML_MEMORY_ERROR)
		return err_set(err, ENOMEM, "out of memory");
	if (parser->error == YAML_READER_ERROR)
		return err_set(err, EINVAL, "line %u: %s",
			       line_of_offset(text, parser->problem_offset), parser->problem);
	if (is_indented_by_tab(text, length, line))
		return err_set(err, EINVAL, "line %u: a tab; YAML is indented with spaces", line);
	return err_set(err, EINVAL, "line %u: %s%s%s", line, parser->problem, *context ? " " : "",
		       context);
}

static int build(struct builder *builder, yaml_parser_t *parser, const char *text, size_t length)
{
	yaml_event_type_t type;
	yaml_event_t event;
	int r;

	do {
		if (!yaml_parser_parse(parser, &event))
			return refuse_syntax(parser, text, length, builder->err);
		type = event.type;
		r = on_event(builder, &event);
		yaml_event_delete(&event);
	} while (!r && type != YAML_STREAM_END_EVENT);
	return r;
}

int yaml_parse(const char *text, size_t length, json_t **tree, struct lines **lines,
	       struct err *err)
{
	_cleanup_(builder_clean) struct builder builder = { .err = err, .lines = lines_new() };
	_cleanup_(yaml_parser_delete) yaml_parser_t parser = { 0 };
	int r;

	if (length > YAML_SIZE_MAX)
		return err_set(err, EFBIG,
			       "%zu bytes are too many: at most %d (16 MiB) are accepted", length,
			       YAML_SIZE_MAX);
	if (!builder.lines || !yaml_parser_initialize(&parser))
		return no_memory(&builder);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	r = build(&builder, &parser, text, length);
	if (r)
		return r;
	if (!builder.root || json_is_null(builder.root))
		builder.root = json_object();
	if (!builder.root)
		return no_memory(&builder);
	lines_sort(builder.lines);
	*tree = take_ptr(builder.root);
	*lines = take_ptr(builder.lines);
	return 0;
}
