// The binary interface by which the WLCS runner drives a display server, version 1 of the entry point and 2 of the
// server: an independent declaration of the same layout.
#ifndef SIGNET_CWLCS_H
#define SIGNET_CWLCS_H

#include <stddef.h>
#include <stdint.h>

struct signet_wlcs_extension {
    const char *name;
    uint32_t version;
};

struct signet_wlcs_descriptor {
    uint32_t version;
    size_t count;
    const struct signet_wlcs_extension *extensions;
};

// Places are 24.8 fixed-point numbers.
struct signet_wlcs_pointer {
    uint32_t version;
    void (*move_absolute)(void *pointer, int32_t x, int32_t y);
    void (*move_relative)(void *pointer, int32_t dx, int32_t dy);
    void (*button_up)(void *pointer, int button);
    void (*button_down)(void *pointer, int button);
    void (*destroy)(void *pointer);
};

// Places are whole numbers, whatever the suite's own header says.
struct signet_wlcs_touch {
    uint32_t version;
    void (*down)(void *touch, int32_t x, int32_t y);
    void (*move)(void *touch, int32_t x, int32_t y);
    void (*up)(void *touch);
    void (*destroy)(void *touch);
};

struct signet_wlcs_server {
    uint32_t version;
    void (*start)(void *server);
    void (*stop)(void *server);
    int (*create_client_socket)(void *server);
    // A wl_display and a wl_surface of libwayland-client's.
    void (*position_window)(void *server, void *display, void *surface, int x, int y);
    void *(*create_pointer)(void *server);
    void *(*create_touch)(void *server);
    const struct signet_wlcs_descriptor *(*get_descriptor)(const void *server);
};

struct signet_wlcs_integration {
    uint32_t version;
    void *(*create_server)(int argc, const char **argv);
    void (*destroy_server)(void *server);
};

#endif
