/* mote-dtls/drivers: sensor drivers for programs on a device. Only drivers that a program uses take up space in its image. */
export { SHT_ADDRESS, ShtSource } from "../sensor/sht4x.js"
