// The least that a server in C can do: libwayland calls each listener through libffi, and the listener notes a number
// or makes an object.
#include "CListenerServer.h"

#include <stdlib.h>
#include <wayland-server-protocol.h>
#include <wayland-server.h>

struct surface {
    struct wl_resource *buffer;
    int32_t damage[4];
    uint32_t commits;
};

static void destroy(struct wl_client *client, struct wl_resource *resource) {
    (void)client;
    wl_resource_destroy(resource);
}

static void free_state(struct wl_resource *resource) { free(wl_resource_get_user_data(resource)); }

static void attach(struct wl_client *client, struct wl_resource *resource, struct wl_resource *buffer, int32_t x,
                   int32_t y) {
    (void)client, (void)x, (void)y;
    struct surface *surface = wl_resource_get_user_data(resource);
    surface->buffer = buffer;
}

static void damage(struct wl_client *client, struct wl_resource *resource, int32_t x, int32_t y, int32_t width,
                   int32_t height) {
    (void)client;
    struct surface *surface = wl_resource_get_user_data(resource);
    surface->damage[0] = x;
    surface->damage[1] = y;
    surface->damage[2] = width;
    surface->damage[3] = height;
}

static void commit(struct wl_client *client, struct wl_resource *resource) {
    (void)client;
    struct surface *surface = wl_resource_get_user_data(resource);
    surface->commits++;
}

static const struct wl_surface_interface surface_listener = {
    .destroy = destroy, .attach = attach, .damage = damage, .commit = commit, .damage_buffer = damage};

static void add(struct wl_client *client, struct wl_resource *resource, int32_t x, int32_t y, int32_t width,
                int32_t height) {
    damage(client, resource, x, y, width, height);
}

static const struct wl_region_interface region_listener = {.destroy = destroy, .add = add, .subtract = add};

static void make(struct wl_client *client, struct wl_resource *parent, uint32_t id,
                 const struct wl_interface *interface, const void *listener) {
    struct wl_resource *resource = wl_resource_create(client, interface, wl_resource_get_version(parent), id);
    wl_resource_set_implementation(resource, listener, calloc(1, sizeof(struct surface)), free_state);
}

static void create_surface(struct wl_client *client, struct wl_resource *resource, uint32_t id) {
    make(client, resource, id, &wl_surface_interface, &surface_listener);
}

static void create_region(struct wl_client *client, struct wl_resource *resource, uint32_t id) {
    make(client, resource, id, &wl_region_interface, &region_listener);
}

static const struct wl_compositor_interface compositor_listener = {create_surface, create_region};

static void bind(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
    (void)data;
    struct wl_resource *resource = wl_resource_create(client, &wl_compositor_interface, (int)version, id);
    wl_resource_set_implementation(resource, &compositor_listener, NULL, NULL);
}

static void left(struct wl_listener *listener, void *data) {
    (void)data;
    listener->notify = NULL;
}

void signet_listener_server_run(int fd) {
    struct wl_display *display = wl_display_create();
    wl_global_create(display, &wl_compositor_interface, 4, NULL, bind);
    struct wl_client *client = wl_client_create(display, fd);
    struct wl_listener listener = {.notify = left};
    wl_client_add_destroy_listener(client, &listener);
    while (listener.notify) {
        wl_display_flush_clients(display);
        wl_event_loop_dispatch(wl_display_get_event_loop(display), -1);
    }
    wl_display_destroy(display);
}
