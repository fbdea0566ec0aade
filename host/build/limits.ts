/** The aim for the image of the PSK sensor, bytes. */
export const SENSOR_IMAGE_LIMIT = 40960
