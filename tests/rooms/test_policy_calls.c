/* SPDX-License-Identifier: MIT */
/* Rule × caller × signed request: services, regions, methods and paths, in every spelling that would get
 * around a rule, and what else in a request names another path or method. */
#include "catalog_rows.h"
#include "policy_rules.h"
#include "suite.h"

static const struct line lines[] = {
    {"object-store", "cloudFiles", "DFW", "public", "http://h/files-dfw"},
    {"object-store", "cloudFiles", "ORD", "public", "http://h/files-ord"},
    {"rax:object-cdn", "cloudFilesCDN", "DFW", "public", "http://h/cdn"},
    {"rax:dns", "cloudDNS", NULL, "public", "http://h/dns"},
    {"compute", "cloudServers", NULL, "public", "http://h/old"},
    {"compute", "cloudServersOpenStack", "DFW", "public", "http://h/servers"},
    {"compute", "cloudServersOpenStack", "ORD", "public", "http://h/servers-ord"},
};

#define FILES "object-store", "DFW"

static const struct {
    enum who who;
    const char *cloud, *service, *region, *method, *target;
    struct policy_header headers[2];
    const char *rule; /* NULL: refused */
} calls[] = {
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{0}}, "backup"},
    {BACKUP, "rackspace", FILES, "HEAD", "/backups/a/b", {{0}}, "backup"},
    {BACKUP, "rackspace", "cloudFiles", "DFW", "PUT", "/backups/a?x=1", {{0}}, "backup"},
    {BACKUP, "rackspace", "swift", "dfw", "PUT", "/backups/a", {{0}}, "backup"},
    {BACKUP, "rackspace", "cloud_files", "DFW", "PUT", "/backups/a", {{0}}, "backup"},
    {BACKUP, "rackspace", "object-store", "ORD", "PUT", "/backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", "cloudFilesCDN", "DFW", "PUT", "/backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", "dns", NULL, "PUT", "/backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", "compute", "DFW", "PUT", "/backups/a", {{0}}, NULL},
    {BACKUP, "staging", FILES, "PUT", "/backups/a", {{0}}, NULL},
    {BACKUP_SHELL, "rackspace", FILES, "PUT", "/backups/a", {{0}}, NULL},
    /* methods */
    {BACKUP, "rackspace", FILES, "GET", "/backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "put", "/backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "Put", "/backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUTT", "/backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "DELETE", "/backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "COPY", "/backups/a", {{0}}, NULL},
    /* paths */
    {BACKUP, "rackspace", FILES, "PUT", "", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/Backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups2/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "//backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups//a", {{0}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/%62ackups/a", {{0}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups%2Fa", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a%2Fb", {{0}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/%2e%2e/private/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/..%2fprivate/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/..;/private/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/..%5Cprivate", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/%252e%252e/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/%00", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups;x/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/\xc3\xbc", {{0}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/%ff", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/private/a?/backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/private/a%3F/backups/a", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?../..", {{0}}, "backup"},
    /* headers that mean another method or path */
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-HTTP-Method-Override", "GET"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"x-http-method", "PUT"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X_Method_Override", "PUT"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Original-URL", "/private"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Rewrite-Url", ""}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Original-URL", "/backups/b"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Copy-From-Account", "backups/b"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Copy-From", "/private/a"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X_Copy_From", "private/a"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"x-cOPY-fROM", "/private/a"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Copy-From", "/backups/b"}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Copy-From", "backups/b"}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Copy-From", "backups/b "}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Copy-From", "%62ackups/b"}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Copy-From", "/backups/../b/c"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Copy-From", "backups%2F..%2Fb"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Copy-From", "a?/backups/b"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Copy-From", ""}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Copy-From-Account", "x"}}, NULL},
    {BACKUP,
     "rackspace",
     FILES,
     "PUT",
     "/backups/a",
     {{"X-Copy-From", "/backups/b"}, {"X-Copy-From", "/backups/c"}},
     NULL},
    {BACKUP,
     "rackspace",
     FILES,
     "PUT",
     "/backups/a",
     {{"X-Copy-From", "/backups/b"}, {"X-Symlink-Target", "/private/c"}},
     NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Object-Manifest", "private/x"}}, NULL},
    {BACKUP,
     "rackspace",
     FILES,
     "PUT",
     "/backups/a",
     {{"X-Object-Manifest", "backups/x"}},
     "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Object-Manifest", "backups"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Object-Manifest", "backups/"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Symlink-Target", "private/x"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Symlink-Target-Account", "x"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Versions-Location", "private"}}, NULL},
    {BACKUP,
     "rackspace",
     FILES,
     "PUT",
     "/backups/a",
     {{"X-Versions-Location", "backups"}},
     "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-History-Location", "private"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Container-Sync-To", "//r/c/a/d"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"Destination", "private/x"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"Destination", "backups/x"}}, "backup"},
    {BACKUP,
     "rackspace",
     FILES,
     "PUT",
     "/backups/a",
     {{"Destination", "http://h/backups/x"}},
     NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"Destination-Account", "x"}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a", {{"X-Object-Meta-Copy-From", "x"}}, "backup"},
    /* queries */
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?multipart-manifest=put", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?multipart-manifest=delete", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?multipart-manifest", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?multipart-manifest=get", {{0}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?multipart-manifest=gett", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?x&multi%70art-manifest=put", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?%6d%75ltipart%2Dmanifest=put", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?x;Bulk-Delete", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?bulk-delete%00x", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?extract-archive=tar", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?extract-archives=tar", {{0}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?x=extract-archive", {{0}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a%3Fextract-archive=tar", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?x?bulk-delete", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a%3Fx%26bulk-delete", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?x=y%3bbulk-delete=1", {{0}}, NULL},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?x=y%26", {{0}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?x=%2526bulk-delete", {{0}}, "backup"},
    {BACKUP, "rackspace", FILES, "PUT", "/backups/a?_method=GET", {{0}}, NULL},
    /* with methods only, paths do not matter, but methods do */
    {READER, "staging", "dns", NULL, "GET", "/a/../b", {{0}}, "reader"},
    {READER, "rackspace", FILES, "GET", "/", {{"X-Copy-From", "/private/a"}}, "reader"},
    {READER, "rackspace", FILES, "GET", "/?multipart-manifest=put", {{0}}, "reader"},
    {READER, "rackspace", FILES, "GET", "/", {{"X-HTTP-Method-Override", "PUT"}}, NULL},
    {READER, "rackspace", FILES, "GET", "/?_method=PUT", {{0}}, NULL},
    {READER, "rackspace", FILES, "GET", "/?bulk-delete", {{0}}, NULL},
    {READER, "rackspace", FILES, "POST", "/", {{0}}, NULL},
    {READER, "lab 1", FILES, "GET", "/", {{0}}, NULL},
    /* any region, or none; any method */
    {WRITER, "rackspace", "object-store", "ORD", "POST", "/up", {{0}}, "writer"},
    {WRITER, "rackspace", "rax:dns", NULL, "DELETE", "/up/x", {{0}}, "writer"},
    {WRITER, "rackspace", FILES, "GET", "", {{0}}, "writer"},
    {WRITER, "rackspace", FILES, "GET", "/?format=json", {{0}}, "writer"},
    {WRITER, "rackspace", FILES, "GET", "/up?prefix=x", {{0}}, "writer"},
    {WRITER, "rackspace", FILES, "GET", "/up/", {{0}}, "writer"},
    {WRITER, "rackspace", FILES, "GET", "/new/", {{0}}, "writer"},
    {WRITER, "rackspace", FILES, "GET", "/new", {{0}}, NULL},
    {WRITER, "rackspace", FILES, "GET", "/one/report.txt", {{0}}, "writer"},
    {WRITER, "rackspace", FILES, "GET", "/one/Report.txt", {{0}}, NULL},
    {WRITER, "rackspace", FILES, "COPY", "/one/report.txt", {{"Destination", "up/r"}}, "writer"},
    {WRITER, "rackspace", FILES, "COPY", "/one/report.txt", {{"Destination", "one/r"}}, NULL},
    {WRITER, "rackspace", FILES, "COPY", "/one/secret.txt", {{"Destination", "up/r"}}, NULL},
    {WRITER, "rackspace", "compute", "DFW", "GET", "/up", {{0}}, NULL},
    /* an entry of the first generation is its own */
    {SERVERS, "rackspace", "compute", "DFW", "GET", "/", {{0}}, "servers"},
    {SERVERS, "rackspace", "nova", "ORD", "GET", "/", {{0}}, "servers"},
    {SERVERS, "rackspace", "cloudServersOpenStack", "DFW", "GET", "/", {{0}}, "servers"},
    {SERVERS, "rackspace", "cloudServers", NULL, "GET", "/", {{0}}, NULL},
    {OLD_SERVERS, "rackspace", "cloudServers", NULL, "GET", "/", {{0}}, "old servers"},
    {OLD_SERVERS, "rackspace", "compute", "DFW", "GET", "/", {{0}}, NULL},
    /* who has neither cares for nothing */
    {SERVERS, "rackspace", "compute", "DFW", "GET", "/", {{"X-Original-URL", "/x"}}, "servers"},
    {STAR, "nowhere", "dns", NULL, "ANY", "/..", {{"X-Method-Override", "x"}}, "star"},
    {ROOT, "rackspace", "compute", "ORD", "DELETE", "/servers", {{0}}, "admin"},
    {OPERATOR, "rackspace", FILES, "GET", "/", {{0}}, NULL},
    {DESKTOP, "lab 1", FILES, "GET", "/", {{0}}, NULL},
    {STRANGER, "rackspace", FILES, "GET", "/", {{0}}, NULL},
    /* what shows the token wants its word */
    {ROOT, "rackspace", "compute", "ORD", "TRACE", "/", {{0}}, NULL},
    {WRITER, "rackspace", FILES, "Trace", "/up/x", {{0}}, NULL},
    {SERVERS, "rackspace", "compute", "DFW", "TRACK", "/", {{0}}, NULL},
    {OLD_SERVERS, "rackspace", "cloudServers", NULL, "TRACK", "/", {{0}}, NULL},
    {OLD_SERVERS, "rackspace", "cloudServers", NULL, "TRACE", "/", {{0}}, "old servers"},
};

static struct policy_verdict decide_call(int i)
{
    struct catalog *catalog = make_catalog(lines, ARRAY_SIZE(lines));
    const struct endpoint_query query = {
        .service = calls[i].service, .region = calls[i].region, .interface = "public"};
    struct endpoint_choice choice;
    struct problem *problem = NULL;
    struct policy_verdict verdict;
    struct policy_call call = {
        .catalog = catalog,
        .method = calls[i].method,
        .target = calls[i].target,
        .headers = calls[i].headers,
    };

    ck_assert_int_eq(catalog_choose(catalog, &query, &choice, &problem), 0);
    call.service = choice.service;
    call.region = choice.region;
    while (call.n_headers < 2 && calls[i].headers[call.n_headers].name)
        call.n_headers++;
    verdict = policy_decide_call(config->policy, &peers[calls[i].who], calls[i].cloud, &call);
    catalog_free(catalog);
    return verdict;
}

START_TEST(decides_calls)
{
    struct policy_verdict verdict = decide_call(_i);

    ck_assert_msg((verdict.rule == NULL) == (calls[_i].rule == NULL), "%s %s", calls[_i].method,
                  calls[_i].target);
    ck_assert_pstr_eq(verdict.rule, calls[_i].rule);
    ck_assert(verdict.allowed == (calls[_i].rule != NULL));
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("policy calls");
    TCase *t = tcase_create("rules");

    tcase_add_checked_fixture(t, rules_setup, rules_teardown);
    tcase_add_loop_test(t, decides_calls, 0, ARRAY_SIZE(calls));
    suite_add_tcase(s, t);
    return s;
}
