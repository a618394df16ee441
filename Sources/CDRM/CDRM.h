// libdrm: what a device of the Direct Rendering Manager says about itself.
#ifndef SIGNET_CDRM_H
#define SIGNET_CDRM_H

#include <xf86drm.h>

#endif
