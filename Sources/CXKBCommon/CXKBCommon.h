#ifndef SIGNET_CXKBCOMMON_H
#define SIGNET_CXKBCOMMON_H

#include <xkbcommon/xkbcommon.h>

// A keymap of `length` bytes of text, in xkbcommon's format; NULL where it isn't one.
static inline struct xkb_keymap *signet_xkb_compile(struct xkb_context *context, const void *text, size_t length) {
    return xkb_keymap_new_from_buffer(context, text, length, XKB_KEYMAP_FORMAT_TEXT_V1, XKB_KEYMAP_COMPILE_NO_FLAGS);
}

#endif
