// fcft rasterises glyphs into pixman images, with fonts that fontconfig finds.
#ifndef SIGNET_CFCFT_H
#define SIGNET_CFCFT_H

#include <fcft/fcft.h>

// The function takes an array whose length Swift can't see.
static inline struct fcft_font *signet_fcft_font(const char *name, const char *attributes) {
    const char *names[] = {name};
    return fcft_from_name(1, names, attributes);
}

#endif
