/* The chip's pins: GPIO, and ADC1 on some. Others belong to flash and PSRAM. */
#include "port.h"

#include <driver/gpio.h>
#include <esp_adc/adc_oneshot.h>

/* From the chips' data sheets; only the ESP32-C3's variant was ever compiled. */
#if defined(CONFIG_IDF_TARGET_ESP32C6)
enum { PINS = 31, FIRST_ANALOG_PIN = 0, ANALOG_PINS = 7, FIRST_FLASH_PIN = 24, LAST_FLASH_PIN = 30 };
#elif defined(CONFIG_IDF_TARGET_ESP32S3)
/* 22 to 25 do not exist. */
enum { PINS = 49, FIRST_ANALOG_PIN = 1, ANALOG_PINS = 10, FIRST_FLASH_PIN = 22, LAST_FLASH_PIN = 37 };
#else
enum { PINS = 22, FIRST_ANALOG_PIN = 0, ANALOG_PINS = 5, FIRST_FLASH_PIN = 12, LAST_FLASH_PIN = 17 };
#endif
enum { ADC_BITS = 12, FULL_SCALE = 65535 };

static adc_oneshot_unit_handle_t adc;

uint32_t mote_port_pin_capabilities(unsigned pin)
{
    if (pin >= PINS || (pin >= FIRST_FLASH_PIN && pin <= LAST_FLASH_PIN)) return 0;
    uint32_t digital = PIN_CAN_PULL_UP | PIN_CAN_PULL_DOWN | PIN_CAN_INPUT | PIN_CAN_OUTPUT;
    bool analog = pin - FIRST_ANALOG_PIN < ANALOG_PINS; /* unsigned, so a pin below the first gives a large number */
    return analog ? digital | PIN_CAN_ANALOG : digital;
}

/** The analog pins are ADC1's channels, in order. */
static adc_channel_t channel_of(unsigned pin)
{
    return (adc_channel_t)(pin - FIRST_ANALOG_PIN);
}

static bool configure_analog(unsigned pin)
{
    const adc_oneshot_unit_init_cfg_t unit = {.unit_id = ADC_UNIT_1};
    const adc_oneshot_chan_cfg_t channel = {.atten = ADC_ATTEN_DB_12, .bitwidth = ADC_BITWIDTH_12};
    if (adc == NULL && adc_oneshot_new_unit(&unit, &adc) != ESP_OK) return false;
    return adc_oneshot_config_channel(adc, channel_of(pin), &channel) == ESP_OK;
}

bool mote_port_pin_configure(unsigned pin, int32_t mode)
{
    int32_t base = mode & PIN_MODE_BASE;
    if (base == PIN_ANALOG_IN) return configure_analog(pin);
    /* Sets the level before the pin drives it, so that the output does not glitch. */
    if (mode == PIN_OUTPUT_HIGH || mode == PIN_OUTPUT_LOW) gpio_set_level((gpio_num_t)pin, mode == PIN_OUTPUT_HIGH);
    bool up = mode == PIN_INPUT_PULL_UP || mode == PIN_OFF_PULL_UP;
    bool down = mode == PIN_INPUT_PULL_DOWN || mode == PIN_OFF_PULL_DOWN;
    const gpio_config_t config = {.pin_bit_mask = 1ULL << pin,
                                  .mode = base == PIN_OUTPUT  ? GPIO_MODE_INPUT_OUTPUT
                                          : base == PIN_INPUT ? GPIO_MODE_INPUT
                                                              : GPIO_MODE_DISABLE,
                                  .pull_up_en = up ? GPIO_PULLUP_ENABLE : GPIO_PULLUP_DISABLE,
                                  .pull_down_en = down ? GPIO_PULLDOWN_ENABLE : GPIO_PULLDOWN_DISABLE,
                                  .intr_type = GPIO_INTR_DISABLE};
    return gpio_config(&config) == ESP_OK;
}

bool mote_port_pin_digital(unsigned pin)
{
    return gpio_get_level((gpio_num_t)pin) != 0;
}

int32_t mote_port_pin_analog(unsigned pin)
{
    int raw;
    if (adc == NULL || adc_oneshot_read(adc, channel_of(pin), &raw) != ESP_OK) return -1;
    return raw * FULL_SCALE / ((1 << ADC_BITS) - 1);
}
