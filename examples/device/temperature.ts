/* Temperature over CoAPs, from an SHT4x on the I2C bus, and the state of a button: pin 9, closed to ground when pressed. */
import * as ds from "@devicescript/core"
import "@devicescript/gpio"
import { type Reading, runSensor } from "mote-dtls/device"
import { SHT_ADDRESS, ShtSource } from "mote-dtls/drivers"

const climate = new ShtSource(SHT_ADDRESS, false)
const button = ds.gpio(9)
button.setMode(ds.GPIOMode.InputPullUp)

async function read(): Promise<Reading[]> {
    const [temperature] = await climate.read()
    return [temperature, { name: "button", unit: "", value: button.value === 0 ? 1 : 0 }]
}

await runSensor({ read })
