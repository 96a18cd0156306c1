/* SPDX-License-Identifier: MIT */
/* Next-generation servers: made in memory, ACTIVE after a moment, in the shape of the compute
 * interface v2. */
#ifndef SANDBOX_COMPUTE_H
#define SANDBOX_COMPUTE_H

#include "request.h"

void compute_serve_version(struct request *r);
void compute_serve_list(struct request *r);
void compute_serve_details(struct request *r);
void compute_serve_create(struct request *r);
void compute_serve_get(struct request *r);
void compute_serve_update(struct request *r);
void compute_serve_delete(struct request *r);
void compute_serve_action(struct request *r);
void compute_serve_flavors(struct request *r);
void compute_serve_flavor(struct request *r);
void compute_serve_images(struct request *r);
void compute_serve_image(struct request *r);

#endif
