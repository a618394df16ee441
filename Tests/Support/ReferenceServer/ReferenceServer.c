#include "ReferenceServer.h"

#include "../../../Sources/CWaylandServer/CWaylandServer.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct global {
    struct signet_reference *reference;
    const struct wl_interface *interface;
    uint64_t destructors;
    struct wl_global *global;
    bool is_withdrawn;
};

struct signet_reference {
    struct wl_display *display;
    struct wl_client *client;
    struct wl_listener listener;
    struct global *globals;
    size_t count;
    int file, number, hidden;
    int plan_number, plan_action;
    bool replies;
    char *log;
    size_t length, capacity;
};

static void note(struct signet_reference *reference, const char *format, ...) {
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t length = count < (int)sizeof text ? (size_t)count : sizeof text - 1;
    if (reference->length + length + 1 > reference->capacity) {
        reference->capacity = (reference->length + length + 1) * 2;
        reference->log = realloc(reference->log, reference->capacity);
    }
    memcpy(reference->log + reference->length, text, length + 1);
    reference->length += length;
}

static uint32_t number(int n, int position) { return (uint32_t)n * 2654435761u + (uint32_t)position * 40503u; }

static const char *string(int n, int position) {
    static char long_text[301];
    if (!long_text[0]) memset(long_text, 'x', 300);
    const char *texts[] = {"", "a", "abc", "abcd", long_text};
    return texts[(n + position) % 5];
}

static void reply(struct signet_reference *reference, struct wl_resource *resource, int n,
                  const struct wl_interface *interface) {
    if (!reference->replies || interface->event_count == 0) return;
    int opcode = n % interface->event_count;
    const struct wl_message *event = &interface->events[opcode];
    union wl_argument arguments[20];
    struct wl_array array;
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)('A' + i % 26);
    int position = 0, since = 1;
    bool nullable = false;
    const char *letters = event->signature;
    if (*letters >= '0' && *letters <= '9') since = (int)strtol(letters, (char **)&letters, 10);
    if (wl_resource_get_version(resource) < since) return;
    for (; *letters; letters++) {
        if (*letters == '?') {
            nullable = true;
            continue;
        }
        switch (*letters) {
        case 'i':
        case 'u':
        case 'f': arguments[position].u = number(n, position); break;
        case 's':
            arguments[position].s = nullable && (n + position) % 6 == 5 ? NULL : string(n, position);
            break;
        case 'a':
            array.size = array.alloc = (const size_t[]){0, 1, 4, 7, 300}[(n + position) % 5];
            array.data = bytes;
            arguments[position].a = &array;
            break;
        case 'h': arguments[position].h = reference->file; break;
        case 'o':
            if (event->types[position] == interface) {
                arguments[position].o = (struct wl_object *)resource;
            } else if (nullable) {
                arguments[position].o = NULL;
            } else {
                return;
            }
            break;
        default: return;
        }
        nullable = false;
        position++;
    }
    wl_resource_post_event_array(resource, (uint32_t)opcode, arguments);
}

static int dispatch(const void *implementation, void *target, uint32_t opcode, const struct wl_message *message,
                    union wl_argument *arguments);

static void gone(struct wl_resource *resource) {
    const struct global *global = wl_resource_get_user_data(resource);
    note(global->reference, "gone %s@%u\n", global->interface->name, wl_resource_get_id(resource));
}

static struct wl_resource *make(struct signet_reference *reference, const struct wl_interface *interface, int version,
                                uint32_t id) {
    for (size_t i = 0; i < reference->count; i++) {
        if (reference->globals[i].interface != interface) continue;
        struct wl_resource *resource = wl_resource_create(reference->client, interface, version, id);
        if (resource) {
            wl_resource_set_dispatcher(resource, dispatch, reference, &reference->globals[i], gone);
        }
        return resource;
    }
    return NULL;
}

// Without what isn't ASCII, which Swift repairs and C keeps.
static void note_text(struct signet_reference *reference, const char *text) {
    if (!text) return note(reference, "null");
    note(reference, "'");
    for (; *text; text++) {
        if (!(*text & 0x80)) note(reference, "%c", *text);
    }
    note(reference, "'");
}

static int dispatch(const void *implementation, void *target, uint32_t opcode, const struct wl_message *message,
                    union wl_argument *arguments) {
    struct signet_reference *reference = (void *)implementation;
    struct wl_resource *resource = target;
    const struct global *global = wl_resource_get_user_data(resource);
    int n = ++reference->number, position = 0;
    for (const char *letters = message->signature; *letters; letters++) {
        if (*letters == '?' || (*letters >= '0' && *letters <= '9')) continue;
        if (*letters == 'n' && message->types[position]) {
            make(reference, message->types[position], wl_resource_get_version(resource), arguments[position].n);
        }
        position++;
    }
    note(reference, "%s@%u.%s(", global->interface->name, wl_resource_get_id(resource), message->name);
    position = 0;
    for (const char *letters = message->signature; *letters; letters++) {
        if (*letters == '?' || (*letters >= '0' && *letters <= '9')) continue;
        const union wl_argument *argument = &arguments[position];
        if (position) note(reference, ", ");
        switch (*letters) {
        case 's': note_text(reference, argument->s); break;
        case 'a':
            for (size_t i = 0; i < argument->a->size; i++) note(reference, "%02x", ((uint8_t *)argument->a->data)[i]);
            break;
        case 'o': note(reference, "%u", argument->o ? wl_resource_get_id((struct wl_resource *)argument->o) : 0); break;
        case 'h': {
            struct stat status;
            fstat(argument->h, &status);
            note(reference, "file %lu", (unsigned long)status.st_ino);
            close(argument->h);
            break;
        }
        default: note(reference, "%u", argument->u);
        }
        position++;
    }
    note(reference, ")\n");
    if (n == reference->plan_number) {
        switch (reference->plan_action) {
        case SIGNET_REFERENCE_DESTROY: wl_resource_destroy(resource); return 0;
        case SIGNET_REFERENCE_ERROR: wl_resource_post_error(resource, 7, "asked for"); return 0;
        case SIGNET_REFERENCE_NO_MEMORY: wl_resource_post_no_memory(resource); return 0;
        case SIGNET_REFERENCE_IMPLEMENTATION:
            signet_client_post_implementation_error(reference->client, "asked for");
            return 0;
        default: break;
        }
    }
    reply(reference, resource, n, global->interface);
    if (global->destructors >> opcode & 1) wl_resource_destroy(resource);
    return 0;
}

static void bind(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
    struct global *global = data;
    // As with ours, a global that is withdrawn gives an object that does nothing.
    if (global->is_withdrawn) {
        wl_resource_create(client, global->interface, (int)version, id);
        return;
    }
    struct wl_resource *resource = make(global->reference, global->interface, (int)version, id);
    if (resource) note(global->reference, "bind %s@%u %u\n", global->interface->name, id, version);
}

static void left(struct wl_listener *listener, void *data) {
    (void)data;
    struct signet_reference *reference = wl_container_of(listener, reference, listener);
    reference->client = NULL;
}

static bool filter(const struct wl_client *client, const struct wl_global *global, void *data) {
    (void)client;
    const struct signet_reference *reference = data;
    const struct global *entry = wl_global_get_user_data(global);
    return entry - reference->globals != reference->hidden;
}

static void ignore(const char *format, va_list arguments) { (void)format, (void)arguments; }

struct signet_reference *signet_reference_create(int socket, size_t count, const void *const *interfaces,
                                                 const uint64_t *destructors, int file) {
    struct signet_reference *reference = calloc(1, sizeof *reference);
    wl_log_set_handler_server(ignore);
    reference->display = wl_display_create();
    reference->globals = calloc(count, sizeof *reference->globals);
    reference->count = count;
    reference->file = file;
    reference->hidden = -1;
    reference->replies = true;
    wl_display_set_global_filter(reference->display, filter, reference);
    for (size_t i = 0; i < count; i++) {
        struct global *global = &reference->globals[i];
        *global = (struct global){.reference = reference, .interface = interfaces[i], .destructors = destructors[i]};
        global->global = wl_global_create(reference->display, interfaces[i], global->interface->version, global, bind);
    }
    note(reference, "%s", "");
    reference->client = wl_client_create(reference->display, socket);
    reference->listener.notify = left;
    wl_client_add_destroy_listener(reference->client, &reference->listener);
    return reference;
}

void signet_reference_plan(struct signet_reference *reference, int number, int action) {
    reference->plan_number = number;
    reference->plan_action = action;
}

void signet_reference_set_replies(struct signet_reference *reference, bool replies) { reference->replies = replies; }

void signet_reference_hide(struct signet_reference *reference, int index) { reference->hidden = index; }

void signet_reference_withdraw(struct signet_reference *reference, int index) {
    reference->globals[index].is_withdrawn = true;
    wl_global_remove(reference->globals[index].global);
}

void signet_reference_turn(struct signet_reference *reference) {
    wl_event_loop_dispatch(wl_display_get_event_loop(reference->display), 0);
    wl_display_flush_clients(reference->display);
}

bool signet_reference_has_ended(const struct signet_reference *reference) { return !reference->client; }

const char *signet_reference_log(const struct signet_reference *reference) { return reference->log; }

void signet_reference_destroy(struct signet_reference *reference) {
    if (reference->client) wl_client_destroy(reference->client);
    wl_display_destroy(reference->display);
    free(reference->globals);
    free(reference->log);
    free(reference);
}
