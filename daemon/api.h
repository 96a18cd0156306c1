/* SPDX-License-Identifier: MIT */
/* What the routes answer, the signed request aside. Each function is called again after every wait,
 * so that it decides afresh. */
#ifndef API_H
#define API_H

#include "exchange.h"

extern const struct request_ops api_ops;

void api_clouds(struct exchange *x);
void api_identity(struct exchange *x);
void api_token(struct exchange *x);
void api_catalog(struct exchange *x);
void api_endpoint(struct exchange *x);
void api_put_credential(struct exchange *x);
void api_delete_credential(struct exchange *x);
void api_refresh(struct exchange *x);
void api_health(struct exchange *x);
void api_metrics(struct exchange *x);

/* ---- api_page.c */

/* Whether the page that shows the token is among what an Upgrade header names. */
bool api_names_page(const char *upgrade);
/* Answers with it, if it can be had; the cloud has a token. */
bool api_answer_page(struct exchange *x);

#endif
