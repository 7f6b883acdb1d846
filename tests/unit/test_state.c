// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/state.c and state_tree.c: what a restart finds, and what if that can not be trusted. */
#include "model/state.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "build_model.h"
#include "model/model.h"
#include "random_model.h"
#include "same_model.h"

static char root[64], dir[80], path[112];

static void init(void)
{
	strcpy(root, "/tmp/sluice-test-state-XXXXXX");
	cr_assert_not_null(mkdtemp(root));
	snprintf(dir, sizeof(dir), "%s/state", root);
	snprintf(path, sizeof(path), "%s/state.json", dir);
}

static void fini(void)
{
	remove(path);
	remove(dir);
	cr_assert_eq(rmdir(root), 0, "something is left in %s", root);
}

TestSuite(state, .init = init, .fini = fini);

static struct model *load(void)
{
	struct model *model = NULL;
	struct err err;

	cr_assert_eq(state_load(dir, &model, &err), 0, "%s", err.text);
	return model;
}

static void save(const struct model *model)
{
	struct err err;

	cr_assert_eq(state_save(dir, model, &err), 0, "%s", err.text);
}

static void make_dir(void)
{
	cr_assert_eq(mkdir(dir, 0700), 0);
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

static char *read_file(void)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	cr_assert_not_null(file);
	cr_assert_gt(getdelim(&text, &size, '\0', file), 0);
	fclose(file);
	return text;
}

static void expect_only_the_state_file(void)
{
	DIR *list = opendir(dir);
	struct dirent *entry;

	while ((entry = readdir(list)))
		cr_expect(entry->d_name[0] == '.' || !strcmp(entry->d_name, "state.json"),
			  "%s is left", entry->d_name);
	closedir(list);
}

static unsigned mode_of(const char *name)
{
	struct stat status;

	cr_assert_eq(stat(name, &status), 0);
	return status.st_mode & 07777;
}

/* ---- a first start -------------------------------------------------------------------------- */

Test(state, of_a_first_start_is_empty_with_a_fresh_secret)
{
	_cleanup_(model_free) struct model *a = load(), *b = load();
	static const uint8_t none[SECRET_SIZE];

	cr_assert(!a->listener_count && !a->group_count);
	cr_assert_arr_neq(a->hash_secret, none, SECRET_SIZE);
	cr_assert_arr_neq(a->hash_secret, b->hash_secret, SECRET_SIZE);
	cr_assert_eq(mode_of(dir), 0700);
	cr_assert_eq(access(path, F_OK), -1, "loading writes no file");
}

Test(state, without_a_secret_gets_one)
{
	_cleanup_(model_free) struct model *model = NULL;
	static const uint8_t none[SECRET_SIZE];

	make_dir();
	write_file(
		path,
		"{\"version\": 1, \"config\": {\"groups\": [{\"name\": \"web\"}]}, \"draining\": []}");
	model = load();
	cr_assert_eq(model->group_count, 1);
	cr_assert_arr_neq(model->hash_secret, none, SECRET_SIZE);
}

/* ---- saving and loading --------------------------------------------------------------------- */

Test(state, comes_back_with_what_drains)
{
	_cleanup_(model_free) struct model *model = build_model(
		"listener web tcp 192.0.2.10 80 web; listener dns udp 2001:db8::53 any dns=5;"
		"group web delay=60; target web 10.0.0.11:80 weight=7;"
		"target web 10.0.0.12:80 weight=9 until=1760000000123;"
		"group dns ipip source6=fd00::1; target dns [fd00::11]:53 until=1;"
		"target dns 10.0.0.12:80 until=2;");
	_cleanup_(model_free) struct model *back = NULL;
	const struct target *target;

	make_dir();
	memset(model->hash_secret, 0xa5, SECRET_SIZE);
	save(model);
	back = load();
	expect_same_model(back, model);
	target = &model_find_group(back, "web")->targets[1];
	cr_assert_eq(target->state, TARGET_DRAINING);
	cr_assert_eq(target->reason, TARGET_REASON_DEREGISTRATION_IN_PROGRESS);
	expect_only_the_state_file();
	cr_assert_eq(mode_of(path), 0600, "it holds the secret");
}

Test(state, comes_back_with_removed_groups)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group a; group web ipip source4=10.9.9.9 idle=60 delay=0 termination=true removed;"
		"target web 10.0.0.11:80 until=1760000000123; target web 10.0.0.12:80 until=1;");
	_cleanup_(model_free) struct model *back = NULL;
	_cleanup_free_ char *text = NULL;

	make_dir();
	memset(model->hash_secret, 0xa5, SECRET_SIZE);
	save(model);
	back = load();
	expect_same_model(back, model);
	cr_assert_eq(model_find_group(back, "web")->targets[1].state, TARGET_DRAINING);
	text = read_file();
	cr_assert(strstr(text, "\"removed\": [\n    {\n      \"name\": \"web\",\n"), "%s", text);
}

/* Versions that had no removed groups wrote nothing about them. */
Test(state, of_an_earlier_version_is_read)
{
	_cleanup_(model_free) struct model *model = NULL;

	make_dir();
	write_file(path, "{\"version\": 1, \"config\": {\"groups\": [{\"name\": \"web\"}]},"
			 " \"draining\": [{\"group\": \"web\", \"address\": \"10.0.0.12\","
			 " \"port\": 80, \"weight\": 1, \"deadline_ms\": 5}]}");
	model = load();
	cr_assert_eq(model->group_count, 1);
	cr_assert_eq(model->groups[0].target_count, 1);
	cr_assert_eq(model->groups[0].idle_timeout_s, 350);
	cr_assert_not(model->groups[0].removed);
}

Test(state, comes_back_whatever_it_was)
{
	struct random_source random = { .state = 4 };

	make_dir();
	for (int i = 0; i < 200; i++) {
		_cleanup_(model_free) struct model *model = random_model(&random, true);
		_cleanup_(model_free) struct model *back = NULL;

		save(model);
		back = load();
		expect_same_model(back, model);
	}
}

Test(state, is_replaced_whole)
{
	_cleanup_(model_free) struct model *large =
		build_model("group a; group b; group c; group d;");
	_cleanup_(model_free) struct model *small = build_model("group a;");
	_cleanup_(model_free) struct model *back = NULL;

	make_dir();
	large->hash_secret[0] = small->hash_secret[0] = 1;
	save(large);
	save(small);
	back = load();
	expect_same_model(back, small);
}

Test(state, is_written_for_people_too)
{
	_cleanup_(model_free) struct model *model =
		build_model("group web; target web [fd00::11]:80 until=1760000000000;");
	_cleanup_free_ char *text = NULL;

	make_dir();
	memset(model->hash_secret, 0x11, SECRET_SIZE);
	save(model);
	text = read_file();
	cr_assert_str_eq(text, "{\n"
			       "  \"version\": 1,\n"
			       "  \"config\": {\n"
			       "    \"hash_secret\": \"11111111111111111111111111111111\",\n"
			       "    \"listeners\": [],\n"
			       "    \"groups\": [\n"
			       "      {\n"
			       "        \"name\": \"web\",\n"
			       "        \"targets\": []\n"
			       "      }\n"
			       "    ]\n"
			       "  },\n"
			       "  \"removed\": [],\n"
			       "  \"draining\": [\n"
			       "    {\n"
			       "      \"group\": \"web\",\n"
			       "      \"address\": \"fd00::11\",\n"
			       "      \"port\": 80,\n"
			       "      \"weight\": 1,\n"
			       "      \"deadline_ms\": 1760000000000\n"
			       "    }\n"
			       "  ]\n"
			       "}");
}

/* ---- what can not be trusted ---------------------------------------------------------------- */

#define DRAINING(entries)                                                                          \
	"{\"version\": 1, \"config\": {\"groups\": [{\"name\": \"web\", \"targets\": ["            \
	"{\"address\": \"10.0.0.11\", \"port\": 80}]}]}, \"draining\": [" entries "]}"
#define DRAINED(group, address)                                                                    \
	"{\"group\": \"" group "\", \"address\": \"" address "\", \"port\": 80,"                   \
	" \"weight\": 1, \"deadline_ms\": 5}"

#define REMOVED(groups)                                                                            \
	"{\"version\": 1, \"config\": {\"groups\": [{\"name\": \"web\"}]}, \"draining\": [],"       \
	" \"removed\": " groups "}"

Test(state, that_is_damaged_is_refused_and_left_alone)
{
	static const struct {
		const char *text, *cause;
	} cases[] = {
		{ "\n", "line 2: '[' or '{' expected near end of file" },
		{ "{\"version\": 1,\n \"config\": {}", "line 2: '}' expected near end of file" },
		{ "{\"version\": 1, \"version\": 1}",
		  "line 1: duplicate object key near '\"version\"'" },
		{ "[]", "expected an object with the keys version, config, removed, draining, not a list" },
		{ "{}", "the key 'version' is missing" },
		{ "{\"version\": 1, \"draining\": []}", "the key 'config' is missing" },
		{ "{\"version\": 1, \"config\": {}}", "the key 'draining' is missing" },
		{ "{\"version\": 2, \"config\": {}, \"draining\": []}",
		  "another Sluice wrote version 2; this one reads version 1" },
		{ "{\"version\": 1, \"config\": {}, \"draining\": [], \"x\": 1}",
		  "unknown key 'x'; the keys are version, config, removed, draining" },
		{ "{\"version\": 1, \"config\": {\"groups\": [{\"name\": \"a b\"}]}, \"draining\": []}",
		  "group 'a b': name 'a b' must be 1-63 of the characters a-z A-Z 0-9 . _ - and not start "
		  "with . or -" },
		{ "{\"version\": 1, \"config\": {}, \"draining\": {}}",
		  "draining must be a list, not an object" },
		{ DRAINING("{}"), "draining target #1: the key 'group' is missing" },
		{ DRAINING("{\"group\": \"web\", \"address\": \"10.0.0.12\", \"port\": 80}"),
		  "draining target #1: the key 'deadline_ms' is missing" },
		{ DRAINING(DRAINED("web", "10.0.0.12") "," DRAINED("web", "10.0.0")),
		  "draining target #2: address '10.0.0' is not an IPv4 or IPv6 address such as 192.0.2.10 "
		  "or 2001:db8::10" },
		{ DRAINING(DRAINED("web", "10.0.0.12") "," DRAINED("web", "10.0.0.12")),
		  "draining target is there twice" },
		{ DRAINING(DRAINED("dns", "10.0.0.12")),
		  "target 10.0.0.12:80 drains from group 'dns', which is not there" },
		{ REMOVED("{}"), "removed must be a list, not an object" },
		{ REMOVED("[{}]"), "group #1: the key 'name' is missing" },
		{ REMOVED("[{\"name\": \"web\"}]"), "group 'web' is both there and removed" },
		{ REMOVED("[{\"name\": \"dns\"}, {\"name\": \"dns\"}]"), "group 'dns' is there twice" },
		{ REMOVED("[{\"name\": \"dns\", \"targets\": [{\"address\": \"10.0.0.1\","
			  " \"port\": 80}]}]"), "group 'dns' is removed but has targets" },
		{ DRAINING(DRAINED("web", "10.0.0.11")),
		  "target 10.0.0.11:80 both drains from group 'web' and is in it" },
	};
	char sentence[512];

	make_dir();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = { .code = 0 };
		_cleanup_free_ char *left = NULL;
		struct model *model = NULL;

		snprintf(sentence, sizeof(sentence),
			 "the state file %s can not be used; repair it, or move "
			 "it away to start empty: %s",
			 path, cases[i].cause);
		write_file(path, cases[i].text);
		cr_expect_eq(state_load(dir, &model, &err), -EINVAL);
		cr_expect_str_eq(err.text, sentence);
		cr_assert_null(model);
		left = read_file();
		cr_expect_str_eq(left, cases[i].text);
	}
}

Test(state, that_is_empty_is_refused)
{
	struct model *model = NULL;
	char sentence[512];
	struct err err;

	make_dir();
	write_file(path, "");
	snprintf(sentence, sizeof(sentence),
		 "the state file %s can not be used; repair it, or move it away "
		 "to start empty: line 1: '[' or '{' expected near end of file",
		 path);
	cr_assert_eq(state_load(dir, &model, &err), -EINVAL);
	cr_assert_str_eq(err.text, sentence);
}

Test(state, that_can_not_be_read_is_refused)
{
	struct model *model = NULL;
	char sentence[512];
	struct err err;

	make_dir();
	cr_assert_eq(mkdir(path, 0700), 0);
	snprintf(sentence, sizeof(sentence), "can not read the state file %s: Is a directory",
		 path);
	cr_assert_eq(state_load(dir, &model, &err), -EISDIR);
	cr_assert_str_eq(err.text, sentence);
}

Test(state, directory_that_can_not_be_made_is_refused)
{
	char deep[128], sentence[256];
	struct model *model = NULL;
	struct err err;

	snprintf(deep, sizeof(deep), "%s/not/there", root);
	snprintf(sentence, sizeof(sentence),
		 "can not create the state directory %s: No such file or directory", deep);
	cr_assert_eq(state_load(deep, &model, &err), -ENOENT);
	cr_assert_str_eq(err.text, sentence);
}

Test(state, directory_that_is_a_file_is_refused)
{
	struct model *model = NULL;
	char sentence[256];
	struct err err;

	write_file(dir, "x");
	snprintf(sentence, sizeof(sentence),
		 "can not read the state file %s/state.json: Not a directory", dir);
	cr_assert_eq(state_load(dir, &model, &err), -ENOTDIR);
	cr_assert_str_eq(err.text, sentence);
}

/* ---- saving that fails ---------------------------------------------------------------------- */

Test(state, that_can_not_be_written_says_so)
{
	_cleanup_(model_free) struct model *model = build_model("group web;");
	char sentence[256];
	struct err err;

	snprintf(sentence, sizeof(sentence),
		 "can not write the state file %s: No such file or directory", path);
	cr_assert_eq(state_save(dir, model, &err), -ENOENT);
	cr_assert_str_eq(err.text, sentence);
}

/* A full disk, as far as a test can have one: no file may grow beyond 64 bytes. */
Test(state, that_can_not_be_written_whole_keeps_the_last_one)
{
	const struct rlimit limit = { 64, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	_cleanup_(model_free) struct model *model = build_model("group web;");
	_cleanup_(model_free) struct model *next = build_model("group web; group blog;");
	_cleanup_(model_free) struct model *back = NULL;
	char sentence[256];
	struct err err;
	int r;

	make_dir();
	model->hash_secret[0] = 1;
	save(model);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	r = state_save(dir, next, &err);
	setrlimit(RLIMIT_FSIZE, &none);
	snprintf(sentence, sizeof(sentence), "can not write the state file %s: File too large",
		 path);
	cr_assert_eq(r, -EFBIG);
	cr_assert_str_eq(err.text, sentence);
	back = load();
	expect_same_model(back, model);
	expect_only_the_state_file();
}

Test(state, survives_what_an_interrupted_save_left)
{
	_cleanup_(model_free) struct model *model = build_model("group web;");
	_cleanup_(model_free) struct model *back = NULL;
	char left[128], half[1001];

	make_dir();
	memset(half, '{', sizeof(half) - 1);
	half[sizeof(half) - 1] = '\0';
	snprintf(left, sizeof(left), "%s.new", path);
	write_file(left, half);
	model->hash_secret[0] = 1;
	save(model);
	back = load();
	expect_same_model(back, model);
	expect_only_the_state_file();
}
