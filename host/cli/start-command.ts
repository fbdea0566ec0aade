import { randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { COAPS_PORT, parseCoapsUri } from "../../src/coap/uri.js"
import { errorText } from "../describe.js"
import { type DeviceImage } from "../build/device.js"
import { sensorImage } from "../build/sensor-image.js"
import { DEFAULT_CONFIG, type DeviceConfig, loadConfig } from "../config/device-config.js"
import { programImage } from "../config/firmware-build.js"
import { UsageError } from "../credentials.js"
import { Gateway } from "../gateway/gateway.js"
import { addressText } from "../trace/tracer.js"
import { GatewayReporter } from "./gateway-command.js"
import { commonHelp, keysOf, parseOptions, seconds, settingsOf, text, type Values, whole } from "./options.js"
import { printText } from "./output.js"
import { Reporter } from "./reporter.js"
import { type SensorSettings, SimulatedSensor } from "./simulated-sensor.js"

export const startHelp = `npm start -- [coaps://HOST[:PORT]/PATH --psk IDENTITY:HEXKEY] [options]

Runs a sensor, as it is flashed, in the simulator: the program of ${DEFAULT_CONFIG} in this folder, or without that file
one that simulates a room. Without an address a gateway is started on this machine, too, and readings are printed as they
arrive. Ends when all samples are there, or after three attempts in a row without a connection.

  --count N               samples (default 5)
  --interval SECONDS      between samples (default 0.5, so that there is something to see)
  --name NAME             SenML base name (default: the configuration's, or urn:mote:sensor:)

${commonHelp}

The simulated device has the suite TLS_PSK_WITH_AES_128_CCM_8; --suite, --mtu, --alpn, --require-ems, --coalesce and
--keylog are the gateway's.

Examples
  npm start -- --count 20 --trace
  npm start -- coaps://gateway.example/readings --psk sensor1:00112233445566778899aabbccddeeff`

const options = { interval: { type: "string" }, count: { type: "string" }, name: { type: "string" } } as const

/** What to run: the project's program, or the package's own. */
interface Program {
    image: DeviceImage
    config: DeviceConfig | undefined
}

function programHere(): Program {
    if (!existsSync(DEFAULT_CONFIG)) return { image: sensorImage(), config: undefined }
    const config = loadConfig(DEFAULT_CONFIG)
    return { image: programImage(config), config }
}

function sensorSettings(values: Values, uri: string, config: DeviceConfig | undefined): SensorSettings {
    const [psk] = keysOf(values)
    if (psk === undefined) throw new UsageError("a key is needed: --psk IDENTITY:HEXKEY or --psk-file FILE")
    const profile = text(values, "profile") ?? config?.profile ?? "wifi"
    if (profile !== "wifi" && profile !== "cellular") throw new UsageError("--profile: wifi or cellular")
    return {
        target: parseCoapsUri(uri),
        psk,
        interval: seconds(values, "interval", 500),
        count: whole(values, "count", 5, 1, 999999999),
        name: text(values, "name") ?? config?.name ?? "urn:mote:sensor:",
        profile,
    }
}

/** @returns exit code */
export async function startCommand(args: string[]): Promise<number> {
    const { values, positionals } = parseOptions(args, options)
    if (values["help"] === true) {
        printText(startHelp)
        return 0
    }
    if (positionals.length > 1) throw new UsageError("one address at most: coaps://HOST[:PORT]/PATH")
    const uri = positionals[0]
    const reporter = new Reporter(values)
    if (uri !== undefined) {
        const { image, config } = programHere()
        return await (await SimulatedSensor.create(image, sensorSettings(values, uri, config), reporter)).run()
    }

    // A key that lives as long as this run; a given one is used on both sides.
    if (values["psk"] === undefined && values["psk-file"] === undefined)
        values["psk"] = [`sensor1:${randomBytes(16).toString("hex")}`]
    return await runBoth(values, reporter)
}

/** Gateway and sensor on this machine. Everything is checked before anything is opened. */
async function runBoth(values: Values, reporter: Reporter): Promise<number> {
    const quiet = new Reporter({ json: values["json"] })
    const { image, config } = programHere()
    const path = config?.path ?? "readings"
    const sensor = sensorSettings(values, `coaps://127.0.0.1:${COAPS_PORT}/${path}`, config)
    const settings = settingsOf(values, "server", undefined)
    const events = new GatewayReporter(quiet, () => undefined)
    let failed = false
    const onFailed = (error: Error): void => {
        quiet.problem(`the gateway ended: ${errorText(error)}`)
        failed = true
    }
    const gateway = await Gateway.start(quiet.services, settings, { host: "127.0.0.1", port: 0 }, events, onFailed)
    try {
        const address = addressText(gateway.localAddress())
        quiet.event(`gateway: listening on ${address} for coaps://`, { event: "listening", address })
        sensor.target.port = gateway.localAddress().port
        const code = await (await SimulatedSensor.create(image, sensor, reporter)).run()
        return code === 0 && (failed || events.samples < sensor.count) ? 1 : code
    } finally {
        await gateway.close()
        const { bytes, datagrams } = reporter.traffic
        quiet.event(`summary: ${events.samples} samples arrived; ${bytes} bytes in ${datagrams} datagrams in all`, {
            event: "summary",
            samples: events.samples,
            bytes,
            datagrams,
        })
    }
}
