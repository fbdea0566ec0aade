/* A sensor program with a real sensor: an SHT4x, or an SHT3x if the setting `sensor` says so. */
import { runSensor, setting } from "../entry/device.js"
import { SHT_ADDRESS, ShtSource } from "../entry/drivers.js"

await runSensor(new ShtSource(SHT_ADDRESS, setting("sensor", "sht4x") === "sht3x"))
