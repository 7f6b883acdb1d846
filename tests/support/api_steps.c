// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "api_steps.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "model/encode.h"
#include "model/model.h"

const char api_setup[] =
	"hash_secret: '000102030405060708090a0b0c0d0e0f'\n"
	"listeners:\n"
	"- {name: www, address: 192.0.2.10, protocol: tcp, port: 80, group: web}\n"
	"- {name: dns, address: '2001:db8::53', protocol: udp, port: 53, group: dns}\n"
	"groups:\n"
	"- name: web\n"
	"  targets: [{address: 10.0.0.1, port: 8080}, {address: 10.0.0.2, port: 8080, weight: 5}]\n"
	"- name: dns\n"
	"  targets: [{address: 'fd00::1', port: 53}]\n"
	"- name: idle\n"
	"  targets: [{address: 10.0.1.1, port: 80}]\n";

static char *quoted(const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	for (char *c = copy; c && *c; c++)
		*c = *c == '\'' ? '"' : *c;
	return copy;
}

static char *read_state(const struct api *api)
{
	char *text = NULL, path[128];
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/state.json", api->dir);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	cr_assert(getdelim(&text, &size, '\0', file) > 0, "%s is empty", path);
	fclose(file);
	return text;
}

char *api_snapshot(const struct api *api)
{
	json_auto_t *config = encode_model(api->change.model);
	_cleanup_free_ char *model = json_dumps(config, JSON_COMPACT);
	_cleanup_free_ char *state = read_state(api);
	char *all;

	cr_assert(asprintf(&all, "%s\n%s\n%u swaps, %u applied", model, state ?: "no state",
			   api->swaps, api->dataplane.applied) > 0);
	return all;
}

static void check_refusal(const struct step *step, const struct reply *reply)
{
	const char *sentence = json_string_value(json_object_get(reply->json, "error"));

	cr_assert(sentence, "%s %s: no sentence in: %s", step->method, step->path, reply->body);
	cr_assert_eq(json_object_size(reply->json), 1, "%s", reply->body);
	cr_assert(strstr(sentence, step->wanted), "%s %s %s: '%s' is not in: %s", step->method,
		  step->path, step->body ?: "", step->wanted, sentence);
}

static void check_success(const struct step *step, const struct reply *reply)
{
	_cleanup_free_ char *text = quoted(step->wanted);
	json_auto_t *wanted = json_loads(text, 0, NULL);

	cr_assert(wanted, "not JSON: %s", step->wanted);
	cr_assert(json_contains(reply->json, wanted), "%s %s: %s is not in: %s", step->method,
		  step->path, text, reply->body);
}

void run_step(struct api *api, const struct step *step)
{
	bool is_yaml = step->body && strchr(step->body, '\n');
	_cleanup_free_ char *body = is_yaml ? strdup(step->body) : quoted(step->body);
	_cleanup_free_ char *before = api_snapshot(api), *after = NULL;
	struct reply reply;

	api_request(api, step->method, step->path,
		    is_yaml ? "Content-Type: application/yaml\r\n" : NULL, body, &reply);
	cr_assert_eq(reply.status, step->status, "%s %s %s: status %d: %s", step->method, step->path,
		     body ?: "", reply.status, reply.body);
	after = api_snapshot(api);
	if (step->status >= 400) {
		check_refusal(step, &reply);
		cr_assert_str_eq(before, after, "%s %s: refused but changed", step->method,
				 step->path);
	} else {
		check_success(step, &reply);
	}
	reply_clean(&reply);
}

struct api *run_steps(const struct step *steps)
{
	struct api *api = api_open();

	for (; steps->method; steps++)
		run_step(api, steps);
	return api;
}

struct target *api_target(const struct api *api, const char *group, size_t index)
{
	return &model_find_group(api->change.model, group)->targets[index];
}
