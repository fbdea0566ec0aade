/* The board's I2C bus; the settings i2c-sda and i2c-scl select its pins. */
#include "port.h"
#include "settings.h"

#include <driver/gpio.h>
#include <driver/i2c_master.h>

enum { SPEED_HZ = 100000, TIMEOUT_MS = 100, USUAL_SDA = 5, USUAL_SCL = 6 };

static i2c_master_bus_handle_t bus;

static gpio_num_t pin(const char *name, int usual)
{
    int number = (int)mote_setting_number(name, usual);
    return (gpio_num_t)(GPIO_IS_VALID_OUTPUT_GPIO(number) ? number : usual);
}

static bool open_bus(void)
{
    const i2c_master_bus_config_t config = {.i2c_port = -1,
                                            .sda_io_num = pin("i2c-sda", USUAL_SDA),
                                            .scl_io_num = pin("i2c-scl", USUAL_SCL),
                                            .clk_source = I2C_CLK_SRC_DEFAULT,
                                            .glitch_ignore_cnt = 7,
                                            .flags.enable_internal_pullup = true};
    return bus != NULL || i2c_new_master_bus(&config, &bus) == ESP_OK;
}

int32_t mote_port_i2c_transfer(uint8_t address, const uint8_t *bytes, size_t length, uint8_t *target,
                               size_t read_length)
{
    const i2c_device_config_t config = {
        .dev_addr_length = I2C_ADDR_BIT_LEN_7, .device_address = address, .scl_speed_hz = SPEED_HZ};
    i2c_master_dev_handle_t device;
    if (!open_bus() || i2c_master_bus_add_device(bus, &config, &device) != ESP_OK) return I2C_NO_BUS;
    esp_err_t status = ESP_OK;
    if (length == 0 && read_length == 0) status = i2c_master_probe(bus, address, TIMEOUT_MS);
    else if (read_length == 0) status = i2c_master_transmit(device, bytes, length, TIMEOUT_MS);
    else if (length == 0) status = i2c_master_receive(device, target, read_length, TIMEOUT_MS);
    else status = i2c_master_transmit_receive(device, bytes, length, target, read_length, TIMEOUT_MS);
    i2c_master_bus_rm_device(device);
    return status == ESP_OK ? I2C_OK : I2C_NO_ACK_DATA;
}
