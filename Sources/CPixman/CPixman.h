#ifndef SIGNET_CPIXMAN_H
#define SIGNET_CPIXMAN_H

#include <pixman.h>

#endif
