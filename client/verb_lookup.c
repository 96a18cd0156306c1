/* SPDX-License-Identifier: MIT */
/*
 * token, catalog and endpoint: what the daemon lends.
 */
#include "command.h"
#include "display.h"

int verb_token(struct command *command)
{
    const struct arguments *arguments = command->arguments;
    _cleanup_(lk_token_freep) lk_token *token = NULL;
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    int r;

    r = lk_token_get(command->client, arguments->cloud, arguments->min_ttl, &token, &error);
    if (r != 0)
        return command_failed(r, error);
    if (arguments->json)
        command_print_json(lk_token_json(token));
    else
        puts(lk_token_secret(token));
    return DONE;
}

static int print_catalog(const lk_catalog *catalog)
{
    _cleanup_(table_done) struct table table = {.n_columns = 5};
    int r;

    r = table_add(&table,
                  (const char *[TABLE_COLUMNS]){"SERVICE", "NAME", "REGION", "INTERFACE", "URL"});
    for (size_t i = 0; i < lk_catalog_count(catalog) && r == 0; i++) {
        const lk_endpoint *endpoint = lk_catalog_at(catalog, i);

        r = table_add(&table, (const char *[TABLE_COLUMNS]){
                                  lk_endpoint_service(endpoint), lk_endpoint_name(endpoint),
                                  lk_endpoint_region(endpoint), lk_endpoint_interface(endpoint),
                                  lk_endpoint_url(endpoint)});
    }
    if (r == 0)
        table_print(stdout, &table);
    return r;
}

int verb_catalog(struct command *command)
{
    const struct arguments *arguments = command->arguments;
    const char *service = arguments->n_operands > 0 ? arguments->operands[0] : NULL;
    _cleanup_(lk_catalog_freep) lk_catalog *catalog = NULL;
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    int r;

    r = lk_catalog_get(command->client, arguments->cloud, service, arguments->region,
                       arguments->interface, &catalog, &error);
    if (r != 0)
        return command_failed(r, error);
    if (arguments->json) {
        command_print_json(lk_catalog_json(catalog));
        return DONE;
    }
    r = print_catalog(catalog);
    return r < 0 ? command_failed(r, NULL) : DONE;
}

int verb_endpoint(struct command *command)
{
    const struct arguments *arguments = command->arguments;
    _cleanup_(lk_endpoint_freep) lk_endpoint *endpoint = NULL;
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    int r;

    r = lk_endpoint_get(command->client, arguments->cloud, arguments->operands[0],
                        arguments->region, arguments->interface, &endpoint, &error);
    if (r != 0)
        return command_failed(r, error);
    if (arguments->json)
        command_print_json(lk_endpoint_json(endpoint));
    else
        puts(lk_endpoint_url(endpoint));
    return DONE;
}
