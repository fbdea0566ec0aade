import { randomBytes } from "node:crypto"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../src/dtls/crypto/suites.js"
import { errorText } from "../describe.js"
import { UsageError } from "../credentials.js"
import { Gateway } from "../gateway/gateway.js"
import { addressText } from "../trace/tracer.js"
import { commonHelp, parseOptions, settingsOf, type Values, whole } from "./options.js"
import { GatewayReporter } from "./gateway-command.js"
import { Reporter } from "./reporter.js"
import { runSensor, sensorConfig, sensorOptions } from "./sensor-command.js"

export const startHelp = `npm start -- [coaps://HOST[:PORT]/PATH --psk IDENTITY:HEXKEY] [options]

Without an address: starts a gateway and a sensor on this machine, prints readings as they arrive, and ends.
With one: posts to that server, as mote sensor does.

  --count N               samples (default 5)
  --interval SECONDS      between samples (default 0.5)
  --format, --name, --queue, --local-port   as mote sensor has them

${commonHelp}

Examples
  npm start -- --count 20 --trace
  npm start -- coaps://gateway.example/readings --psk sensor1:00112233445566778899aabbccddeeff`

/** @returns exit code */
export async function startCommand(args: string[]): Promise<number> {
    const { values, positionals } = parseOptions(args, sensorOptions)
    if (values["help"] === true) {
        process.stdout.write(`${startHelp}\n`)
        return 0
    }
    if (positionals.length > 1) throw new UsageError("one address at most: coaps://HOST[:PORT]/PATH")
    values["count"] = String(whole(values, "count", 5, 1, 999999999))
    values["interval"] = values["interval"] ?? "0.5"
    const uri = positionals[0]
    const reporter = new Reporter(values)
    if (uri !== undefined) return await runSensor(sensorConfig(values, uri, reporter), reporter)

    // A key that lives as long as this run; a given one is used on both sides.
    if (values["psk"] === undefined && values["psk-file"] === undefined)
        values["psk"] = [`sensor1:${randomBytes(16).toString("hex")}`]
    if (values["suite"] === undefined) values["suite"] = [TLS_PSK_WITH_AES_128_CCM_8().name]
    return await runBoth(values, reporter)
}

/** Gateway and sensor on this machine. Everything is checked before anything is opened. */
async function runBoth(values: Values, reporter: Reporter): Promise<number> {
    const quiet = new Reporter({ json: values["json"] })
    const config = sensorConfig(values, "coaps://127.0.0.1/readings", reporter)
    // The sensor's side writes the key log: both sides have the same line.
    const settings = settingsOf({ ...values, keylog: undefined }, "server", undefined)
    const events = new GatewayReporter(quiet, () => undefined)
    const failed = (error: Error): void => {
        quiet.note(`gateway: ${errorText(error)}`)
        process.exitCode = 1
    }
    const gateway = await Gateway.start(quiet.services, settings, { host: "127.0.0.1", port: 0 }, events, failed)
    try {
        const address = addressText(gateway.localAddress())
        quiet.event(`gateway: listening on ${address} for coaps://`, { event: "listening", address })
        config.target.port = gateway.localAddress().port
        return await runSensor(config, reporter)
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
