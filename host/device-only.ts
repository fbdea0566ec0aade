/* What Node finds under mote-dtls/device, /drivers and /net: their sources are DeviceScript. */
throw new Error(
    "mote-dtls/device, mote-dtls/drivers and mote-dtls/net are for programs on a device: run them by mote start or mote sim",
)
