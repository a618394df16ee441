#ifndef SIGNET_CXKBCOMMON_H
#define SIGNET_CXKBCOMMON_H

#include <xkbcommon/xkbcommon.h>

#endif
