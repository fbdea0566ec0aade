import { type Command, Option } from "commander"
import { randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { COAPS_PORT, parseCoapsUri } from "../../src/coap/uri.js"
import { errorText } from "../describe.js"
import { type DeviceImage } from "../build/device.js"
import { machineFor } from "../build/program-machine.js"
import { sensorImage } from "../build/sensor-image.js"
import { DEFAULT_CONFIG, type DeviceConfig, loadConfig } from "../config/device-config.js"
import { loadCredentials, pskSettings } from "../config/device-credentials.js"
import { programImage } from "../config/firmware-build.js"
import { UsageError } from "../credentials.js"
import { type Translate } from "../translate/choice.js"
import { Gateway } from "../gateway/gateway.js"
import { trialCertificates } from "../testing/trial-certificates.js"
import { addressText } from "../trace/tracer.js"
import { GatewayReporter } from "./gateway-command.js"
import { exiting } from "./exit-code.js"
import { addConnectionOptions, type ConnectionOptions, keysOf, settingsOf } from "./options.js"
import { seconds, whole } from "./parsers.js"
import { Reporter } from "./reporter.js"
import { type SensorSettings, SimulatedSensor } from "./simulated-sensor.js"

const description =
    `Runs a sensor in the simulator, from the same image that is flashed: the program of ${DEFAULT_CONFIG} in this ` +
    "folder, or without that file one that simulates a room. Unless an address is given, it also starts a gateway on this " +
    "machine and prints readings as they arrive. Ends when all samples have arrived, or after three failed attempts in " +
    "a row to connect.\n\n" +
    "Versions and suites of the simulated device come from its configuration. --suite, --min-version, --max-version, --mtu, " +
    "--alpn, --require-ems, --coalesce and --keylog apply to the gateway. If the device has certificates only, so do --psk and " +
    "--psk-file, for other devices."

const examples = `  npm start -- --count 20 --trace
  npm start -- coaps://gateway.example/readings --psk sensor1:00112233445566778899aabbccddeeff`

interface StartOptions extends ConnectionOptions {
    count: number
    /** ms */
    interval: number
    name?: string
}

export function addStartCommand(program: Command): void {
    const command = program
        .command("start")
        .summary(`run the program of ${DEFAULT_CONFIG} in the simulator, with a gateway`)
        .description(description)
        .argument("[coaps://HOST[:PORT]/PATH]", "where to post; without it a gateway is started here")
        .option("--count <N>", "number of samples", whole("--count", 1, 999999999), 5)
        .addOption(
            new Option("--interval <SECONDS>", "time between samples")
                .argParser(seconds("--interval"))
                .default(500, "0.5"),
        )
        .option("--name <NAME>", "SenML base name (default: the configuration's, or urn:mote:sensor:)")
    addConnectionOptions(command, examples).action(exiting(startCommand))
}

/** The program to run: the project's, or the package's own. */
interface Program {
    image: DeviceImage
    translate: Translate
    config: DeviceConfig | undefined
}

function programHere(): Program {
    const config = existsSync(DEFAULT_CONFIG) ? loadConfig(DEFAULT_CONFIG) : undefined
    const translate = config?.simulatedTranslate ?? { functions: "none" }
    return { image: config === undefined ? sensorImage() : programImage(config), translate, config }
}

function sensorSettings(
    options: StartOptions,
    uri: string,
    config: DeviceConfig | undefined,
    credentials: Record<string, string>,
): SensorSettings {
    return {
        target: parseCoapsUri(uri),
        credentials,
        interval: options.interval,
        count: options.count,
        name: options.name ?? config?.name ?? "urn:mote:sensor:",
        profile: options.profile ?? config?.profile ?? "wifi",
    }
}

/** Settings of a device with a pre-shared key, from the options. */
function settingsOfPsk(options: StartOptions, config: DeviceConfig | undefined): Record<string, string> {
    const [psk] = keysOf(options)
    if (psk === undefined) throw new UsageError("a key is needed: --psk IDENTITY:HEXKEY or --psk-file FILE")
    return pskSettings(psk.identity.toString(), psk.key.toString("hex"), config?.certificates)
}

async function startCommand(uri: string | undefined, options: StartOptions): Promise<number> {
    const reporter = new Reporter(options)
    const program = programHere()
    const { config } = program
    if (uri === undefined) return await runBoth(withKeys(options, config), program, reporter)
    const settings = sensorSettings(options, uri, config, credentialsOf(options, config))
    return await runSensor(program, settings, reporter)
}

const isKeyGiven = ({ psk, pskFile }: StartOptions): boolean => psk !== undefined || pskFile !== undefined

/**
 * Settings of a device that posts to the user's own server: its certificates if it has any; a key in the options takes
 * precedence over its own.
 */
function credentialsOf(options: StartOptions, config: DeviceConfig | undefined): Record<string, string> {
    if (config?.certificates === undefined) return settingsOfPsk(options, config)
    const { settings } = loadCredentials(config)
    if (!isKeyGiven(options)) return settings
    if (!config.certificates.hasPsk)
        throw new UsageError(`--psk: the device of ${DEFAULT_CONFIG} has certificates alone: see certificates.psk`)
    return { ...settings, ...settingsOfPsk(options, config) }
}

/** The gateway's options, and the device's credentials. */
interface Keyed {
    options: StartOptions
    credentials: Record<string, string>
}

async function runSensor({ image, translate }: Program, settings: SensorSettings, reporter: Reporter): Promise<number> {
    const module = await machineFor(translate, image)
    return await SimulatedSensor.create({ image, module }, settings, reporter).run()
}

/**
 * Adds keys that are valid for this run. A key in the options is used on both sides; with a device that only has
 * certificates, only by the gateway.
 */
function withKeys(given: StartOptions, config: DeviceConfig | undefined): Keyed {
    const certificates = config?.certificates
    const trial = certificates && trialCertificates(certificates, "127.0.0.1")
    const options = { ...given, ...trial?.server }
    if (trial !== undefined && !certificates?.hasPsk) return { options, credentials: trial.device }
    const psk = isKeyGiven(options) ? options.psk : [`sensor1:${randomBytes(16).toString("hex")}`]
    const keyed = { ...options, psk }
    return { options: keyed, credentials: { ...settingsOfPsk(keyed, config), ...trial?.device } }
}

/** The gateway uses the device's versions, unless the options say otherwise. */
function gatewayOptions(options: StartOptions, config: DeviceConfig | undefined): StartOptions {
    if (config === undefined) return options
    const { oldest, newest } = config.versions
    const { minVersion = oldest, maxVersion = newest } = options
    if (config.importedPsk === undefined) return { ...options, minVersion, maxVersion }
    const { hash = "SHA-256", context } = config.importedPsk
    return { importPsk: hash, importContext: context, ...options, minVersion, maxVersion }
}

/** Runs gateway and sensor on this machine. Checks everything before anything is opened. */
async function runBoth({ options, credentials }: Keyed, program: Program, reporter: Reporter): Promise<number> {
    const { config } = program
    // Only the sensor's side traces and captures the traffic between the two.
    const quiet = new Reporter({ ...options, trace: false, pcap: undefined })
    const path = config?.path ?? "readings"
    const sensor = sensorSettings(options, `coaps://127.0.0.1:${COAPS_PORT}/${path}`, config, credentials)
    const settings = settingsOf(gatewayOptions(options, config), "server")
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
        const code = await runSensor(program, sensor, reporter)
        return code === 0 && (failed || events.samples < sensor.count) ? 1 : code
    } finally {
        await gateway.close()
        const { bytes, datagrams } = reporter.traffic
        quiet.event(
            `summary: ${events.samples} ${events.samples === 1 ? "sample" : "samples"} arrived; ${bytes} bytes in ${datagrams} datagrams in all`,
            {
                event: "summary",
                samples: events.samples,
                bytes,
                datagrams,
            },
        )
    }
}
