// libwayland-server, with what Swift can't import from it: variadic functions, and struct wl_resource as an opaque
// type.
#ifndef SIGNET_CWAYLANDSERVER_H
#define SIGNET_CWAYLANDSERVER_H

#define WL_HIDE_DEPRECATED 1
#include "../CWaylandUtil/CWaylandUtil.h"
#include <wayland-server-core.h>

// The text goes through "%s": a message may hold whatever a client put into it.
static inline void signet_resource_post_error(struct wl_resource *resource, uint32_t code, const char *message) {
    wl_resource_post_error(resource, code, "%s", message);
}

static inline void signet_client_post_implementation_error(struct wl_client *client, const char *message) {
    wl_client_post_implementation_error(client, "%s", message);
}

#endif
