// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Writes tables and JSON: the last step of every command that shows something. */
#include "ctl/output.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/cleanup.h"

enum { GAP = 2, WIDTH_DEFAULT = 100, WIDTH_MIN = 60, NOTE_INDENT = 4 };

struct cell {
	char *text;
	char *note;		/* only in the last cell of a row */
	enum style style;
};

struct table {
	const struct column *columns;
	size_t column_count;
	struct cell *cells;
	size_t count, capacity;
	bool failed;		/* out of memory: the table is not whole */
};

void output_init(struct output *output, FILE *stream)
{
	const char *term = getenv("TERM");
	struct winsize size = { 0 };
	bool terminal = isatty(fileno(stream));

	*output = (struct output){ .stream = stream, .width = WIDTH_DEFAULT };
	output->colour = terminal && !getenv("NO_COLOR") && term && strcmp(term, "dumb");
	if (terminal && !ioctl(fileno(stream), TIOCGWINSZ, &size) && size.ws_col >= WIDTH_MIN)
		output->width = size.ws_col;
}

int output_json(const struct output *output, const json_t *tree)
{
	if (json_dumpf(tree, output->stream, JSON_INDENT(2)))
		return ferror(output->stream) ? -EIO : -ENOMEM;
	fputc('\n', output->stream);
	return 0;
}

static const char *style_code(const struct output *output, enum style style)
{
	static const char *const codes[STYLE_COUNT] = {
		[STYLE_PLAIN] = "", [STYLE_STRONG] = "\033[1m", [STYLE_GOOD] = "\033[32m",
		[STYLE_WARNING] = "\033[33m", [STYLE_BAD] = "\033[31m",
	};

	return output->colour ? codes[style] : "";
}

static const char *style_end(const struct output *output, enum style style)
{
	return output->colour && style != STYLE_PLAIN ? "\033[0m" : "";
}

void output_text(const struct output *output, enum style style, const char *format, ...)
{
	va_list args;

	fputs(style_code(output, style), output->stream);
	va_start(args, format);
	vfprintf(output->stream, format, args);
	va_end(args);
	fputs(style_end(output, style), output->stream);
}

/* Columns on a terminal; bytes that are no characters, and control characters, count as one. */
static size_t text_width(const char *text)
{
	mbstate_t state = { 0 };
	size_t width = 0, length;
	wchar_t wide;

	for (; *text; text += length) {
		length = mbrtowc(&wide, text, MB_CUR_MAX, &state);
		if (length == (size_t)-1 || length == (size_t)-2) {
			memset(&state, 0, sizeof(state));
			length = 1;
			width++;
		} else {
			width += wcwidth(wide) < 0 ? 1 : wcwidth(wide);
		}
	}
	return width;
}

struct table *table_new(const struct column *columns, size_t count)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table) {
		table->columns = columns;
		table->column_count = count;
	}
	return table;
}

void table_free(struct table **table)
{
	if (!*table)
		return;
	for (size_t i = 0; i < (*table)->count; i++) {
		free((*table)->cells[i].text);
		free((*table)->cells[i].note);
	}
	free((*table)->cells);
	free(*table);
	*table = NULL;
}

static struct cell *next_cell(struct table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : 64;
	struct cell *cells;

	if (table->count == table->capacity) {
		cells = reallocarray(table->cells, capacity, sizeof(*cells));
		if (!cells)
			return NULL;
		table->cells = cells;
		table->capacity = capacity;
	}
	return &table->cells[table->count];
}

void table_fail(struct table *table)
{
	if (table)
		table->failed = true;
}

void table_cell(struct table *table, enum style style, const char *format, ...)
{
	struct cell *cell = table ? next_cell(table) : NULL;
	va_list args;
	char *text;
	int length;

	if (!cell) {
		table_fail(table);
		return;
	}
	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		table_fail(table);
		return;
	}
	*cell = (struct cell){ .text = text, .style = style };
	table->count++;
}

void table_note(struct table *table, const char *text)
{
	struct cell *last;

	if (!table || !table->count)
		return;
	last = &table->cells[table->count - 1];
	free(last->note);
	last->note = strdup(text);
	if (!last->note)
		table_fail(table);
}

static const char *column_title(const struct table *table, size_t column)
{
	return table->columns ? table->columns[column].title : "";
}

static size_t *measure(const struct table *table)
{
	size_t *widths = calloc(table->column_count, sizeof(*widths));
	size_t width;

	for (size_t i = 0; widths && i < table->column_count; i++)
		widths[i] = text_width(column_title(table, i));
	for (size_t i = 0; widths && i < table->count; i++) {
		width = text_width(table->cells[i].text);
		if (width > widths[i % table->column_count])
			widths[i % table->column_count] = width;
	}
	return widths;
}

/*
 * Writes one cell. pending is the room left open since the last thing written, kept back until
 * something follows, so that no line ends in blanks.
 */
static void print_cell(const struct output *output, const char *text, enum style style, bool number,
		       size_t width, size_t *pending)
{
	size_t room = width - text_width(text);

	if (number)
		*pending += room;
	if (*text) {
		fprintf(output->stream, "%*s", (int)*pending, "");
		output_text(output, style, "%s", text);
		*pending = 0;
	} else {
		*pending += text_width(text);
	}
	*pending += (number ? 0 : room) + GAP;
}

/* Folds at blanks; a word longer than the line stands alone. */
static void print_note(const struct output *output, const char *text)
{
	size_t line = 0, word;

	for (; *text; text += word) {
		text += strspn(text, " ");
		word = strcspn(text, " ");
		if (line && line + 1 + word > output->width) {
			fputc('\n', output->stream);
			line = 0;
		}
		line += fprintf(output->stream, "%*s%.*s", line ? 1 : NOTE_INDENT, "", (int)word,
				text);
	}
	fputc('\n', output->stream);
}

static void print_titles(const struct table *table, const size_t *widths,
			 const struct output *output)
{
	size_t pending = 0;

	for (size_t i = 0; i < table->column_count; i++)
		print_cell(output, table->columns[i].title, STYLE_STRONG, table->columns[i].number,
			   widths[i], &pending);
	fputc('\n', output->stream);
}

bool table_is_empty(const struct table *table)
{
	return table && !table->failed && !table->count;
}

int table_print(const struct table *table, const struct output *output)
{
	_cleanup_free_ size_t *widths = table && !table->failed ? measure(table) : NULL;
	const struct cell *cell;
	size_t pending = 0, column;

	if (!widths)
		return -ENOMEM;
	if (table->columns)
		print_titles(table, widths, output);
	for (size_t i = 0; i < table->count; i++) {
		cell = &table->cells[i];
		column = i % table->column_count;
		print_cell(output, cell->text, cell->style,
			   table->columns && table->columns[column].number, widths[column],
			   &pending);
		if (column + 1 < table->column_count)
			continue;
		fputc('\n', output->stream);
		pending = 0;
		if (cell->note)
			print_note(output, cell->note);
	}
	return 0;
}
