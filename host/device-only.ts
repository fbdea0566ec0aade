/* What Node finds under mote-dtls/device, /drivers, /net and /update: their sources are DeviceScript. */
throw new Error(
    "mote-dtls/device, mote-dtls/drivers, mote-dtls/net and mote-dtls/update are for programs on a device: run them by mote start or mote sim",
)
