/*
 * A thermometer as an LwM2M 1.1 client: registers with the server of devs.config.json, answers its reads, and tells it of each
 * change that it observes. De-registers and starts anew when the server wants a reboot.
 */
import * as ds from "@devicescript/core"
import { services, setting, SimulatedSource } from "mote-dtls/device"
import { Thermometer } from "mote-dtls/lwm2m"

const information = { manufacturer: "Mote", modelNumber: "example", serialNumber: "1", firmwareVersion: "1.0" }
/** Of the registration, s. */
const LIFETIME = 300

const source = new SimulatedSource(() => Math.random())
await new Thermometer(services, setting, source, information, LIFETIME).run()
ds.restart()
