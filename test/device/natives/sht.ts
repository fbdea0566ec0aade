/* Reads the sensor on the I2C bus, then one that does not exist. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { SHT_ADDRESS, ShtSource } from "../../../src/sensor/sht4x.js"

async function show(source: ShtSource): Promise<void> {
    try {
        for (const reading of await source.read()) {
            const usual = reading.name === "temperature" ? 20 : 46.5
            const near = Math.abs(reading.value - usual) < 3
            console.log(reading.name + " " + reading.unit + " " + near)
        }
    } catch (e) {
        console.log((e as Error).name)
    }
}

await show(new ShtSource(SHT_ADDRESS, false))
await show(new ShtSource(SHT_ADDRESS, false))
await show(new ShtSource(0x45, false))
ds.restart()
