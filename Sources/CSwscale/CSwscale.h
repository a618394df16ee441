// libswscale converts and scales pictures; only a benchmark compares with it.
#ifndef SIGNET_CSWSCALE_H
#define SIGNET_CSWSCALE_H

#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>

#endif
