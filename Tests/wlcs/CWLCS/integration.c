#define _GNU_SOURCE
#include "CWLCS.h"

#include <dlfcn.h>

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

// The runner unloads the module at its end, while threads that stay for the process are still in it.
__attribute__((constructor)) static void stay(void) {
    Dl_info info;
    if (dladdr(&wlcs_server_integration, &info)) dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}
