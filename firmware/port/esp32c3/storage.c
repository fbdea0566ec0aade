/* Blobs in NVS, which itself survives power cuts. */
#include "esp32c3.h"
#include "port.h"

#include <mbedtls/platform_util.h>
#include <nvs.h>
#include <nvs_flash.h>
#include <stdlib.h>
#include <string.h>

static nvs_handle_t blobs;

bool mote_storage_open(void)
{
    esp_err_t status = nvs_flash_init();
    if (status == ESP_ERR_NVS_NO_FREE_PAGES || status == ESP_ERR_NVS_NEW_VERSION_FOUND) {
        if (nvs_flash_erase() != ESP_OK) return false; /* written by another version, so unreadable anyway */
        status = nvs_flash_init();
    }
    return status == ESP_OK && nvs_open("mote", NVS_READWRITE, &blobs) == ESP_OK;
}

static int32_t code_of(esp_err_t status)
{
    switch (status) {
    case ESP_OK: return 0;
    case ESP_ERR_NVS_NOT_FOUND: return -IO_NOT_FOUND;
    case ESP_ERR_NVS_NOT_ENOUGH_SPACE:
    case ESP_ERR_NVS_VALUE_TOO_LONG: return -IO_NO_SPACE;
    default: return -IO_FAILED;
    }
}

/** NVS reads a blob only as a whole. */
static int32_t load_part(const char *name, uint8_t *target, size_t size, size_t length)
{
    uint8_t *whole = malloc(length);
    if (whole == NULL) return -IO_FAILED;
    esp_err_t status = nvs_get_blob(blobs, name, whole, &length);
    if (status == ESP_OK) memcpy(target, whole, size);
    mbedtls_platform_zeroize(whole, length);
    free(whole);
    return status == ESP_OK ? (int32_t)length : code_of(status);
}

int32_t mote_storage_load(const char *name, uint8_t *target, size_t size)
{
    size_t length = 0;
    esp_err_t status = nvs_get_blob(blobs, name, NULL, &length);
    if (status != ESP_OK) return code_of(status);
    if (size == 0) return (int32_t)length;
    if (size < length) return load_part(name, target, size, length);
    status = nvs_get_blob(blobs, name, target, &length);
    return status == ESP_OK ? (int32_t)length : code_of(status);
}

int32_t mote_storage_save(const char *name, const uint8_t *value, size_t length)
{
    esp_err_t status = nvs_set_blob(blobs, name, value, length);
    if (status == ESP_OK) status = nvs_commit(blobs);
    return code_of(status);
}

int32_t mote_storage_remove(const char *name)
{
    esp_err_t status = nvs_erase_key(blobs, name);
    if (status == ESP_OK) status = nvs_commit(blobs);
    return status == ESP_ERR_NVS_NOT_FOUND ? 0 : code_of(status);
}
