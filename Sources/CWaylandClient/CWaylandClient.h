// libwayland-client's core, without the C bindings that it generates from wayland.xml.
#ifndef SIGNET_CWAYLANDCLIENT_H
#define SIGNET_CWAYLANDCLIENT_H

#include "../CWaylandUtil/CWaylandUtil.h"
#include <wayland-client-core.h>

#endif
