// The types that libwayland's server and client libraries share.
#ifndef SIGNET_CWAYLANDUTIL_H
#define SIGNET_CWAYLANDUTIL_H

#include <wayland-util.h>

#endif
