/* What Node finds under mote-dtls/device and mote-dtls/drivers: their sources are DeviceScript. */
throw new Error(
    "mote-dtls/device and mote-dtls/drivers are for programs on a device: run them by mote start or mote sim",
)
