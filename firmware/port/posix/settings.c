/* Settings from the command line and from a file, read in place; the file takes the place of a board's flash partition.
 */
#include "port.h"
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_SETTINGS = 64 };

static struct {
    const char *name, *value;
    size_t name_bytes, value_bytes;
} settings[MOST_SETTINGS];
static unsigned count;

static bool add(const char *line, size_t bytes)
{
    const char *equals = memchr(line, '=', bytes);
    if (equals == NULL || equals == line || count == MOST_SETTINGS) return false;
    settings[count].name = line;
    settings[count].name_bytes = (size_t)(equals - line);
    settings[count].value = equals + 1;
    settings[count++].value_bytes = bytes - (size_t)(equals + 1 - line);
    return true;
}

bool add_setting(const char *given)
{
    return add(given, strlen(given));
}

static bool add_lines(const char *lines, size_t bytes)
{
    for (size_t at = 0, line; at < bytes; at += line + 1) {
        const char *end = memchr(lines + at, '\n', bytes - at);
        line = end == NULL ? bytes - at : (size_t)(end - lines) - at;
        size_t used = line > 0 && lines[at + line - 1] == '\r' ? line - 1 : line;
        if (used > 0 && lines[at] != '#' && !add(lines + at, used)) return false;
    }
    return true;
}

bool read_settings(const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool known = file >= 0 && fstat(file, &status) == 0;
    size_t bytes = known ? (size_t)status.st_size : 0;
    /* mmap fails for an empty file */
    const char *lines = bytes > 0 ? mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0) : "";
    if (file >= 0) close(file);
    if (!known || lines == MAP_FAILED) return false;
    if (add_lines(lines, bytes)) return true;
    errno = EINVAL;
    return false;
}

const char *mote_port_setting(const char *name, size_t *length)
{
    size_t bytes = strlen(name);
    for (unsigned i = count; i-- > 0;) {
        if (settings[i].name_bytes != bytes || memcmp(settings[i].name, name, bytes) != 0) continue;
        *length = settings[i].value_bytes;
        return settings[i].value;
    }
    return NULL;
}
