/* SPDX-License-Identifier: MIT */
/* Load balancers and their nodes: made in memory, ACTIVE after a moment, in the shape of
 * Rackspace's interface v1.0. */
#ifndef SANDBOX_LOADBALANCER_H
#define SANDBOX_LOADBALANCER_H

#include "request.h"

void loadbalancer_serve_list(struct request *r);
void loadbalancer_serve_create(struct request *r);
void loadbalancer_serve_get(struct request *r);
void loadbalancer_serve_update(struct request *r);
void loadbalancer_serve_delete(struct request *r);
void loadbalancer_serve_nodes(struct request *r);
void loadbalancer_serve_add_nodes(struct request *r);
void loadbalancer_serve_node(struct request *r);
void loadbalancer_serve_update_node(struct request *r);
void loadbalancer_serve_delete_node(struct request *r);

#endif
