/*
 * node --import tsx examples/lwm2m.ts HOST PORT IDENTITY HEXKEY: a thermometer as an LwM2M 1.1 client of that server. Ends when the
 * server wants a reboot. The same runs on a device: examples/device/lwm2m.ts.
 */
import { Thermometer } from "../src/entry/lwm2m.js"
import { NodeServices } from "../src/platform/node/services.js"
import { SimulatedSource } from "../src/sensor/reading.js"

const [host = "127.0.0.1", port = "5684", identity = "thermometer", key = ""] = process.argv.slice(2)
const settings = new Map(Object.entries({ host, port, identity, key, interval: "500" }))
const information = { manufacturer: "Mote", modelNumber: "example", serialNumber: "1", firmwareVersion: "1.0" }

const thermometer = new Thermometer(
    new NodeServices(),
    (name, missing) => settings.get(name) ?? missing,
    new SimulatedSource(Math.random),
    information,
    300,
)
await thermometer.run()
