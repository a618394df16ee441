// A server on libwayland-server that announces any interfaces, notes what it is asked, and answers with events whose
// arguments follow from the number of the request: what the server under test is compared with.
#ifndef SIGNET_REFERENCE_SERVER_H
#define SIGNET_REFERENCE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct signet_reference;

enum signet_reference_action {
    SIGNET_REFERENCE_NOTHING,
    SIGNET_REFERENCE_DESTROY,
    SIGNET_REFERENCE_ERROR,
    SIGNET_REFERENCE_NO_MEMORY,
    SIGNET_REFERENCE_IMPLEMENTATION
};

// Serves the client at the other end of `socket`, which it takes over. `interfaces` are `const struct wl_interface *`,
// which must live as long; a bit of `destructors[i]` is set for each request that ends the object. `file` is the
// descriptor in events.
struct signet_reference *signet_reference_create(int socket, size_t count, const void *const *interfaces,
                                                 const uint64_t *destructors, int file);
// Does `action` in place of the answer to the request with this number, which counts from 1.
void signet_reference_plan(struct signet_reference *reference, int number, int action);
void signet_reference_set_replies(struct signet_reference *reference, bool replies);
// One global is hidden from the client; -1 hides none.
void signet_reference_hide(struct signet_reference *reference, int index);
void signet_reference_withdraw(struct signet_reference *reference, int index);
void signet_reference_turn(struct signet_reference *reference);
bool signet_reference_has_ended(const struct signet_reference *reference);
// A line for each request, bind and end of an object.
const char *signet_reference_log(const struct signet_reference *reference);
void signet_reference_destroy(struct signet_reference *reference);

#endif
