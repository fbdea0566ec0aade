/* mote-dtls/drivers: sources of readings, for programs on a device. A driver costs room in the image only where it is used. */
export { SHT_ADDRESS, ShtSource } from "../sensor/sht4x.js"
