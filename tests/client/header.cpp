// SPDX-License-Identifier: MIT
// The headers in the oldest C++ there is, and that a program in it links with the library.
#include <latchkey-token-page.h>
#include <latchkey.h>

#include <cstring>

static int on_head(void *status, const lk_head *head)
{
    *static_cast<unsigned *>(status) = lk_head_status(head);
    return 0;
}

int main()
{
    lk_client *client = NULL;
    lk_request *request = NULL;
    unsigned status = 0;
    latchkey_token_page shown;

    if (lk_client_new("/nonexistent/latchkey.sock", &client) != 0)
        return 1;
    if (lk_request_new(client, "GET", "object-store", "/", &request) != 0)
        return 1;
    lk_request_on_head(request, on_head, &status);
    int result = lk_request_perform(request, NULL);
    lk_request_free(request);
    lk_client_free(client);
    shown.state = LATCHKEY_TOKEN_PAGE_EMPTY;
    return result < 0 && shown.state == 0 && status == 0 && std::strlen(lk_status_text(result)) > 0 &&
                   std::strlen(lk_version()) > 0
               ? 0
               : 1;
}
