#include "port.h"
#include "posix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SETTINGS = 64, MOST_LINE = 8192 };

static struct {
    const char *name, *value;
} settings[MOST_SETTINGS];
static unsigned count;

bool add_setting(const char *given)
{
    const char *middle = strchr(given, '=');
    if (middle == NULL || middle == given || count == MOST_SETTINGS) return false;
    char *text = strdup(given); /* the command line stays as it is: deep sleep uses it again */
    if (text == NULL) return false;
    char *equals = text + (middle - given);
    *equals = 0;
    settings[count].name = text;
    settings[count++].value = equals + 1;
    return true;
}

bool read_settings(const char *path)
{
    char line[MOST_LINE];
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    bool good = true;
    while (good && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = 0;
        if (line[0] == 0 || line[0] == '#') continue;
        good = add_setting(line);
    }
    fclose(file);
    if (!good) errno = EINVAL;
    return good;
}

const char *port_setting(const char *name)
{
    for (unsigned i = count; i-- > 0;)
        if (strcmp(settings[i].name, name) == 0) return settings[i].value;
    return NULL;
}
