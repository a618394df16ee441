// Linux interfaces that Swift's Glibc module doesn't carry: macros, variadic functions and newer headers.
#ifndef SIGNET_CLINUX_H
#define SIGNET_CLINUX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <fcntl.h>
#include <sys/mman.h>

#endif
