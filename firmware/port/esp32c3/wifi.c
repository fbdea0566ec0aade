/* Wi-Fi station: connects, and reconnects after a loss, with pauses that grow up to half a minute. */
#include "esp32c3.h"
#include "port.h"
#include "settings.h"

#include <esp_event.h>
#include <esp_netif.h>
#include <esp_netif_sntp.h>
#include <esp_timer.h>
#include <esp_wifi.h>
#include <freertos/FreeRTOS.h>
#include <freertos/semphr.h>
#include <mbedtls/platform_util.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 30000 };

static uint32_t pause_ms = FIRST_PAUSE_MS;
static esp_timer_handle_t again;
static esp_netif_t *station_netif;
/** Given as soon as there is an address. */
static SemaphoreHandle_t addressed;

static void connect(void *context)
{
    (void)context;
    esp_wifi_connect();
}

static void disconnected(void)
{
    esp_timer_start_once(again, (uint64_t)pause_ms * 1000);
    pause_ms = pause_ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause_ms * 2;
}

static void has_address(void)
{
    pause_ms = FIRST_PAUSE_MS;
    xSemaphoreGive(addressed);
}

static void on_event(void *context, esp_event_base_t base, int32_t id, void *data)
{
    (void)context;
    if (base == WIFI_EVENT && id == WIFI_EVENT_STA_START) {
        mote_random_is_good();
        esp_wifi_connect();
    } else if (base == WIFI_EVENT && id == WIFI_EVENT_STA_CONNECTED) {
        esp_netif_create_ip6_linklocal(station_netif); /* the source address of IPv6 router solicitations */
    } else if (base == WIFI_EVENT && id == WIFI_EVENT_STA_DISCONNECTED) {
        disconnected();
    } else if (base == IP_EVENT && id == IP_EVENT_STA_GOT_IP) {
        has_address();
    } else if (base == IP_EVENT && id == IP_EVENT_GOT_IP6) {
        /* The link-local address comes first, and cannot reach anything beyond a router. */
        ip_event_got_ip6_t *got = data;
        if (esp_netif_ip6_get_addr_type(&got->ip6_info.ip) == ESP_IP6_ADDR_IS_GLOBAL) has_address();
    }
}

static bool start_clock(void)
{
    static char server[64] = "pool.ntp.org"; /* SNTP keeps the pointer */
    mote_setting_text("sntp", server, sizeof server);
    esp_sntp_config_t config = ESP_NETIF_SNTP_DEFAULT_CONFIG(server);
    return esp_netif_sntp_init(&config) == ESP_OK;
}

/** False if the setting does not fit: names have at most 32 bytes, passwords 64. */
static bool put(uint8_t *target, size_t size, const char *name)
{
    size_t length = 0;
    const char *text = mote_port_setting(name, &length);
    if (length > size) return false;
    memset(target, 0, size);
    if (text != NULL) memcpy(target, text, length);
    return true;
}

/** An unknown country must not keep the board off the network: then only what all countries allow is used. */
static bool set_country(void)
{
    size_t length;
    char code[3];
    const char *own = mote_port_setting("wifi-country", &length);
    if (own == NULL) return esp_wifi_set_country_code("01", true) == ESP_OK;
    bool fits = length == 2 && mote_setting_text("wifi-country", code, sizeof code);
    if (fits && esp_wifi_set_country_code(code, true) == ESP_OK) return true;
    printf("warning: wifi.country %.*s is unknown to the radio: 01, the world's, holds\n", (int)length, own);
    return esp_wifi_set_country_code("01", true) == ESP_OK;
}

static bool configure(void)
{
    wifi_config_t station = {0};
    bool fits = put(station.sta.ssid, sizeof station.sta.ssid, "wifi-ssid") && station.sta.ssid[0] != 0 &&
                put(station.sta.password, sizeof station.sta.password, "wifi-password");
    bool done = fits && esp_wifi_set_mode(WIFI_MODE_STA) == ESP_OK && set_country() &&
                esp_wifi_set_config(WIFI_IF_STA, &station) == ESP_OK;
    mbedtls_platform_zeroize(&station, sizeof station);
    return done;
}

bool mote_wifi_start(void)
{
    const wifi_init_config_t init = WIFI_INIT_CONFIG_DEFAULT();
    const esp_timer_create_args_t timer = {.callback = connect, .name = "wifi"};
    addressed = xSemaphoreCreateBinary();
    if (addressed == NULL) return false;
    if (esp_netif_init() != ESP_OK || esp_event_loop_create_default() != ESP_OK) return false;
    station_netif = esp_netif_create_default_wifi_sta();
    return esp_timer_create(&timer, &again) == ESP_OK && esp_wifi_init(&init) == ESP_OK &&
           esp_event_handler_instance_register(WIFI_EVENT, ESP_EVENT_ANY_ID, on_event, NULL, NULL) == ESP_OK &&
           esp_event_handler_instance_register(IP_EVENT, ESP_EVENT_ANY_ID, on_event, NULL, NULL) == ESP_OK &&
           esp_wifi_set_storage(WIFI_STORAGE_RAM) == ESP_OK && configure() && esp_wifi_start() == ESP_OK &&
           esp_wifi_set_ps(WIFI_PS_MIN_MODEM) == ESP_OK && start_clock();
}

bool mote_network_wait(uint32_t ms)
{
    return xSemaphoreTake(addressed, pdMS_TO_TICKS(ms)) == pdTRUE;
}
