/** The aim for the image of the PSK sensor, bytes. */
export const SENSOR_IMAGE_AIM = 40960

/** Where it stands: a test keeps it from growing. Lower it with every saving. */
export const SENSOR_IMAGE_CEILING = 54208
