/* SPDX-License-Identifier: MIT */
#include "http_played.h"

#include "cleanup.h"
#include "http_service.h"

#include <string.h>

#define PLAYED "\r\n" HTTP_SERVICE_PLAYED "\r\n"
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define THOUSAND HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED

static const struct http_played services[] = {
    {.head = "HTTP/1.1 200 OK" PLAYED "Content-Length: 10\r\n\r\n", .body = TEN},
    {.head = "HTTP/1.1 200 OK" PLAYED "Transfer-Encoding: chunked\r\n\r\n",
     .body = "a\r\n" TEN "\r\n3;x=y\r\nabc\r\n0\r\nX-Trailer: t\r\n\r\n"},
    {.head = "HTTP/1.1 401 Unauthorized" PLAYED "Content-Length: 10\r\n"
             "WWW-Authenticate: Keystone uri=\"http://127.0.0.1\"\r\n\r\n",
     .body = TEN},
    {.head = "HTTP/1.1 204 No Content" PLAYED "\r\n"},
    {.head = "HTTP/1.1 200 OK" PLAYED "Content-Length: 20\r\n\r\n", .body = TEN, .ends = true},
    {.head = "HTTP/1.1 404 Not Found" PLAYED "Content-Type: application/json\r\n"
             "Content-Length: 2\r\n\r\n",
     .body = "{}"},
    {.head = NULL},
    {.head = "HTTP/1.1 413 Too Large" PLAYED "Content-Length: 0\r\nConnection: close\r\n\r\n",
     .at_once = true,
     .ends = true},
    {.head = NULL, .ends = true},
    {.head = "HTTP/1.1 417 Expectation Failed" PLAYED "Content-Length: 0\r\n\r\n",
     .at_once = true,
     .once = true},
    {.head = "HTTP/1.1 302 Found" PLAYED "Location: http://127.0.0.1:1/v2.0\r\n"
             "Content-Length: 10\r\n\r\n",
     .body = TEN},
    {.head = "HTTP/1.1 200 OK" PLAYED "Connection: close\r\n\r\n", .body = TEN, .ends = true},
    {.head = "HTTP/1.1 304 Not Modified" PLAYED "Etag: \"x\"\r\n\r\n"},
    {.head = "HTTP/1.1 200 OK" PLAYED "Content-Length: 10\r\nX-Auth-Token: " HTTP_SERVICE_TOKEN
             "1\r\nx-subject-TOKEN: " HTTP_SERVICE_TOKEN "1\r\nX-Empty:\r\nX-Twice: 1\r\n"
             "X-Twice: 2\r\nX-Folded: 1\r\n\t2\r\nNo colon\r\nConnection: X-Hop\r\nX-Hop: 1\r\n"
             "Keep-Alive: 3\r\nUpgrade: x\r\n\r\n",
     .body = TEN},
    {.head = "HTTP/1.1 200 OK" PLAYED "Content-Length: 10\r\nContent-Length: 11\r\n\r\n",
     .body = TEN},
    {.head = "HTTP/1.1 401 Unauthorized" PLAYED "Content-Length: 0\r\n\r\n", .once = true},
    {.head = "HTTP/1.1 200 OK" PLAYED "X-Long: " THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND
         THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND
             THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND
                 THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND
             "\r\nContent-Length: 10\r\n\r\n",
     .body = TEN},
    {.head = "who is there?\r\n\r\n", .ends = true},
    {.head = "HTTP/1.1 200 OK" PLAYED "Transfer-Encoding: chunked\r\n\r\n", .body = "a\r\nbroken"},
    {.head = "HTTP/1.1 200 OK" PLAYED "Content-Length: 200000\r\n\r\n",
     .body = THOUSAND,
     .repeated = 200},
    {.head = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK" PLAYED
             "Content-Length: 10\r\n\r\n",
     .body = TEN},
    {.head = "HTTP/1.1 200 OK" PLAYED "Content-Length: 10\r\n\r\n", .body = TEN, .at_once = true},
    {.head = "HTTP/1.1 101 Switching Protocols" PLAYED "Upgrade: x\r\nConnection: upgrade\r\n\r\n"},
    {.head = "HTTP/1.0 200 OK" PLAYED "\r\n", .body = TEN, .ends = true},
};

/* The first is never said: http_played_login() has it. */
static const struct http_played identities[] = {
    {.head = NULL},
    {.head = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 50\r\n\r\n",
     .body = "{\"unauthorized\":{\"code\":401,\"message\":\"no, thanks\"}}"},
    {.head = "HTTP/1.1 413 Over Limit\r\nRetry-After: 80000\r\nContent-Length: 0\r\n\r\n"},
    {.head = "HTTP/1.1 503 Unavailable\r\nContent-Length: 13\r\n\r\n", .body = "<html></html>"},
    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", .body = TEN},
    {.head = NULL},
    {.head = NULL, .ends = true},
    {.head = "HTTP/1.1 300 Multiple Choices\r\nContent-Length: 2\r\n\r\n", .body = "{}"},
    {.head = "HTTP/1.1 204 No Content\r\n\r\n"},
};

const struct http_played *http_played_service(unsigned char number)
{
    return &services[number % ARRAY_SIZE(services)];
}

const struct http_played *http_played_identity(unsigned char number)
{
    size_t i = number % ARRAY_SIZE(identities);

    return i == 0 ? NULL : &identities[i];
}

/* ---- logins that go well */

#define LOGIN_HEAD "Date: Sat, 01 Jan 2000 00:00:00 GMT\r\n"
#define ENDPOINT HTTP_SERVICE_URL HTTP_SERVICE_SIGNED

static const char access_document[] =
    "{\"access\":{\"token\":{\"id\":\"" HTTP_SERVICE_TOKEN
    "%u\",\"expires\":\"2000-01-02T00:00:00Z\","
    "\"tenant\":{\"id\":\"123\",\"name\":\"123\"}},\"user\":{\"id\":\"7\",\"name\":\"fuzzer\","
    "\"RAX-AUTH:defaultRegion\":\"ORD\",\"roles\":[{\"id\":\"1\",\"name\":\"admin\"}]},"
    "\"serviceCatalog\":["
    "{\"type\":\"object-store\",\"name\":\"cloudFiles\",\"endpoints\":["
    "{\"region\":\"ORD\",\"tenantId\":\"a\",\"publicURL\":\"" ENDPOINT "/ord\","
    "\"internalURL\":\"" ENDPOINT "/snet\"},"
    "{\"region\":\"DFW\",\"tenantId\":\"a\",\"publicURL\":\"" ENDPOINT "/dfw/\"}]},"
    "{\"type\":\"compute\",\"name\":\"cloudServersOpenStack\",\"endpoints\":["
    "{\"region\":\"IAD\",\"publicURL\":\"" ENDPOINT "/iad\"},"
    "{\"region\":\"DFW\",\"publicURL\":\"" ENDPOINT "/dfw\"}]},"
    "{\"type\":\"rax:dns\",\"name\":\"cloudDNS\",\"endpoints\":[{\"publicURL\":\"" ENDPOINT
    "\"}]}]}}";

static const char token_document[] =
    "{\"token\":{\"expires_at\":\"2000-01-02T00:00:00.000000Z\",\"issued_at\":"
    "\"2000-01-01T00:00:00.000000Z\",\"project\":{\"id\":\"p\",\"name\":\"project\"},"
    "\"user\":{\"id\":\"7\",\"name\":\"fuzzer\"},\"roles\":[],\"catalog\":["
    "{\"type\":\"object-store\",\"name\":\"swift\",\"endpoints\":[{\"region_id\":\"RegionOne\","
    "\"interface\":\"public\",\"url\":\"" ENDPOINT "/one\"}]}]}}";

char *http_played_login(const char *path, unsigned number)
{
    _cleanup_(freep) char *body = NULL;
    char *answer = NULL;
    int r = -1;

    if (!strcmp(path, "/v2.0/tokens")) {
        if (asprintf(&body, access_document, number) < 0)
            abort();
        r = asprintf(&answer, "HTTP/1.1 200 OK\r\n" LOGIN_HEAD "Content-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    } else if (!strcmp(path, "/v3/auth/tokens")) {
        r = asprintf(&answer,
                     "HTTP/1.1 201 Created\r\n" LOGIN_HEAD "X-Subject-Token: " HTTP_SERVICE_TOKEN
                     "%u\r\nContent-Length: %zu\r\n\r\n%s",
                     number, strlen(token_document), token_document);
    } else if (!strcmp(path, "/auth/v1.0")) {
        r = asprintf(&answer,
                     "HTTP/1.1 204 No Content\r\n" LOGIN_HEAD "X-Auth-Token: " HTTP_SERVICE_TOKEN
                     "%u\r\nX-Storage-Url: " ENDPOINT "/swift\r\nX-Auth-Token-Expires: 86400\r\n"
                     "\r\n",
                     number);
    } else {
        return NULL;
    }
    if (r < 0)
        abort();
    return answer;
}
