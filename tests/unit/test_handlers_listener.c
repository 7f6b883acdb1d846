// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/handlers.h"

#include <criterion/criterion.h>

#include "api_steps.h"

#define LISTENER4 "{'name':'www','address':'192.0.2.10','protocol':'tcp','port':80,'group':'web'}"
#define LISTENER6 "{'name':'dns','address':'2001:db8::53','protocol':'udp','port':53,'group':'dns'}"

Test(handlers_listener, listeners_are_created_shown_changed_and_removed)
{
	api_close(RUN(
		{ "GET", "/v1/listeners", NULL, 200, "{'listeners':[]}" },
		{ "POST", "/v1/groups", "{'name':'web'}", 201, "{}" },
		{ "POST", "/v1/groups", "{'name':'dns'}", 201, "{}" },
		{ "POST", "/v1/listeners", LISTENER4, 201,
		  "{'changes':[{'change':'add','object':'listener','name':'www'}]}" },
		{ "POST", "/v1/listeners", LISTENER6, 201,
		  "{'changes':[{'change':'add','object':'listener','name':'dns'}]}" },
		{ "GET", "/v1/listeners/www", NULL, 200,
		  "{'name':'www','address':'192.0.2.10','protocol':'tcp','port':80,'group':'web',"
		  "'packets':7,'bytes':700,'flows':3}" },
		{ "GET", "/v1/listeners", NULL, 200,
		  "{'listeners':[{'name':'dns','address':'2001:db8::53'},{'name':'www'}]}" },
		{ "PATCH", "/v1/listeners/www", "{'port':'8000-8100'}", 200,
		  "{'changes':[{'change':'change','detail':'port 80 -> 8000-8100'}]}" },
		{ "PATCH", "/v1/listeners/www", "{'groups':{'web':1,'dns':2}}", 200,
		  "{'changes':[{'change':'change'}]}" },
		{ "PATCH", "/v1/listeners/www", "{'port':'any','name':'www'}", 200,
		  "{'changes':[{'change':'change'}]}" },
		{ "GET", "/v1/listeners/www", NULL, 200,
		  "{'port':'any','groups':{'web':1,'dns':2},'address':'192.0.2.10'}" },
		{ "PATCH", "/v1/listeners/www", "{}", 200, "{'changes':[]}" },
		{ "DELETE", "/v1/listeners/www", NULL, 200,
		  "{'changes':[{'change':'remove','object':'listener','name':'www'}]}" },
		{ "GET", "/v1/listeners", NULL, 200, "{'listeners':[{'name':'dns'}]}" }));
}

Test(handlers_listener, bad_listeners_are_refused)
{
	api_close(RUN(
		SETUP,
		{ "POST", "/v1/listeners", LISTENER4, 409, "listener 'www' exists already" },
		{ "POST", "/v1/listeners",
		  "{'name':'w2','address':'192.0.2.10','protocol':'tcp','port':80,'group':'web'}",
		  409, "'www'" },
		{ "POST", "/v1/listeners",
		  "{'name':'w2','address':'192.0.2.11','protocol':'tcp','port':80,'group':'nope'}",
		  400, "'nope'" },
		{ "POST", "/v1/listeners",
		  "{'name':'w2','address':'192.0.2.300','protocol':'tcp','port':80,'group':'web'}",
		  400, "192.0.2.300" },
		{ "POST", "/v1/listeners",
		  "{'name':'w2','address':'192.0.2.11','protocol':'tcp','port':70000,'group':'web'}",
		  400, "70000" },
		{ "POST", "/v1/listeners",
		  "{'name':'w2','address':'192.0.2.11','protocol':'sctp','port':80,'group':'web'}",
		  400, "sctp" },
		{ "POST", "/v1/listeners",
		  "{'name':'w2','address':'2001:db8::1','protocol':'tcp','port':80,'group':'web'}",
		  400, "IPv6" },
		{ "POST", "/v1/listeners", "{'name':'w2'}", 400, "'address' is missing" },
		{ "POST", "/v1/listeners", "{'nmae':'w2'}", 400, "unknown key 'nmae'" },
		{ "POST", "/v1/listeners", "{}", 400, "'name' is missing" },
		{ "POST", "/v1/listeners", "{'name':'-x'}", 400, "-x" },
		{ "GET", "/v1/listeners/nope", NULL, 404, "there is no listener 'nope'" },
		{ "PATCH", "/v1/listeners/nope", "{}", 404, "there is no listener 'nope'" },
		{ "DELETE", "/v1/listeners/nope", NULL, 404, "there is no listener 'nope'" },
		{ "PATCH", "/v1/listeners/www", "{'name':'w2'}", 400,
		  "name can not be changed from 'www' to 'w2'" },
		{ "PATCH", "/v1/listeners/www", "{'port':0}", 400, "port" },
		{ "PATCH", "/v1/listeners/www", "{'group':'nope'}", 400, "'nope'" },
		{ "PATCH", "/v1/listeners/www", "{'address':'2001:db8::1'}", 400, "IPv6" }));
}
