/*
 * node --import tsx whole-thermometer.ts HOST PORT IDENTITY HEXKEY: an LwM2M client whose temperatures are whole numbers, of which CBOR has
 * both integers and floating-point numbers, and whose time is above 2^32. Ends when the server requests a reboot.
 */
import { Lwm2mClient, Lwm2mObjects } from "../../src/entry/lwm2m.js"
import { deviceObject, newServerAccount, securityObject } from "../../src/lwm2m/standard-objects.js"
import { serverObject, temperatureObject } from "../../src/lwm2m/standard-objects.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { sensorConfig } from "../../src/sensor/program.js"

const [host = "127.0.0.1", port = "5684", identity = "thermometer", key = ""] = process.argv.slice(2)
const settings = new Map(Object.entries({ host, port, identity, key }))
const information = { manufacturer: "Mote", modelNumber: "example", serialNumber: "1", firmwareVersion: "1.0" }
/** 11 June 2128, Unix seconds. */
const NOW = 5000000000
/** Their shortest exact forms are binary16, binary32 and binary64. */
const measured = { value: 21, minimum: -70000, maximum: 16777217 }

const services = new NodeServices()
const objects = new Lwm2mObjects(services)
const account = newServerAccount(300)
const config = sensorConfig(services, (name, missing) => settings.get(name) ?? missing)
const client = new Lwm2mClient(services, config, objects, account, identity)
objects.add(securityObject())
objects.add(serverObject(account, () => client.wake()))
objects.add(
    deviceObject(
        information,
        () => NOW,
        () => client.stop(),
    ),
)
objects.add(temperatureObject(measured, () => undefined))
const timer = setInterval(() => {
    measured.value = 43 - measured.value
    objects.changed(3303, 0, 5700)
}, 500)
await client.run()
clearInterval(timer)
