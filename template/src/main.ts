/* What this device does. Where it posts to, how often, and with which key stands in devs.config.json and beside it. */
import * as ds from "@devicescript/core"
import { runSensor } from "mote-dtls/device"
import { SHT_ADDRESS, ShtSource } from "mote-dtls/drivers"

const climate = new ShtSource(SHT_ADDRESS, false)

await runSensor({
    read: async () => {
        const [temperature, humidity] = await climate.read()
        return [temperature, humidity, { name: "uptime", unit: "s", value: ds.millis() / 1000 }]
    },
})
