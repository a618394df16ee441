#include "CWLCS.h"

// In the Swift part.
void *signet_wlcs_create_server(int argc, const char **argv);
void signet_wlcs_destroy_server(void *server);

// What the runner looks for.
extern const struct signet_wlcs_integration wlcs_server_integration;
const struct signet_wlcs_integration wlcs_server_integration = {
    .version = 1,
    .create_server = signet_wlcs_create_server,
    .destroy_server = signet_wlcs_destroy_server,
};
