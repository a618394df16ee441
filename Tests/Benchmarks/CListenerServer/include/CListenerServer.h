#ifndef SIGNET_CLISTENERSERVER_H
#define SIGNET_CLISTENERSERVER_H

// Serves wl_compositor to the client at `fd` through libwayland's listeners, until it leaves.
void signet_listener_server_run(int fd);

#endif
