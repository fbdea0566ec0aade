/** The aim for the image of the PSK sensor, bytes. */
export const SENSOR_IMAGE_AIM = 40960
