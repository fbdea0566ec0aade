/*
 * A sensor on a battery: measures, posts, switches everything off for the configured interval and starts anew. Each start makes
 * a whole handshake: sessions are not resumed yet.
 */
import * as ds from "@devicescript/core"
import { deepSleep, LogObserver, Sensor, sensorConfig, services, setting } from "mote-dtls/device"
import { SHT_ADDRESS, ShtSource } from "mote-dtls/drivers"

/** Longest time awake, ms: an absent gateway does not empty the battery. */
const AWAKE = 30000

const config = sensorConfig(services, setting)
config.count = 1
const sensor = new Sensor(services, config, new ShtSource(SHT_ADDRESS, false), new LogObserver(services))

services.spawn(async () => {
    await ds.sleep(AWAKE)
    sensor.stop()
})
await sensor.run()
deepSleep(config.interval)
