// What the parts of the hostile client have in common.
#include <stddef.h>
#include <stdint.h>

int connect_to_server(void);

// Binds the global with this interface as object `id`; the first time, when that is 3, 2 becomes the registry.
void bind_as(int server, const char *interface, uint32_t version, uint32_t id);

double now(void);

// Plays a scene of windows and menus.
void play(const char *what, int count);
