#include "settings.h"
#include "port.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DIGITS = 32, ERASED = 0xff };

static size_t line_bytes(const char *lines, size_t at, size_t bytes)
{
    size_t end = at;
    while (end < bytes && lines[end] != '\n' && lines[end] != 0 && (unsigned char)lines[end] != ERASED) end++;
    return end - at;
}

const char *mote_settings_find(const char *lines, size_t bytes, const char *name, size_t *length)
{
    size_t key = strlen(name);
    for (size_t at = 0, line; (line = line_bytes(lines, at, bytes)) > 0; at += line + 1) {
        if (line <= key || strncmp(lines + at, name, key) != 0 || lines[at + key] != '=') continue;
        *length = line - key - 1;
        return lines + at + key + 1;
    }
    return NULL;
}

bool mote_setting_text(const char *name, char *target, size_t size)
{
    size_t length;
    const char *text = mote_port_setting(name, &length);
    if (text == NULL || length >= size) return false;
    memcpy(target, text, length);
    target[length] = 0;
    return true;
}

double mote_setting_number(const char *name, double usual)
{
    char digits[MOST_DIGITS];
    return mote_setting_text(name, digits, sizeof digits) ? atof(digits) : usual;
}
