import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { isIP } from "node:net"
import { allSuitesV13, TLS_AES_128_CCM_8_SHA256 } from "../../src/dtls/handshake/v13/suites.js"
import { importing } from "../../src/platform/node/connect/imported-psk.js"
import { exchangeOf } from "../../src/platform/node/connect/versions.js"
import { keyShares } from "../../src/dtls/key-exchange/v13/key-shares.js"
import { NodeKeys } from "../../src/platform/node/keys.js"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { LogLevel } from "../../src/gio/log-level.js"
import { type DtlsSettings, newSettings } from "../../src/gio/settings.js"
import { AuthenticationMode } from "../../src/dtls/handshake/key-exchange.js"
import { type PskAnswer } from "../../src/dtls/handshake/question.js"
import { EitherCredentials } from "../../src/gio/either-credentials.js"
import { type CertificateFiles, readCertificateFiles } from "../certificate-files.js"
import { machineFor } from "../build/program-machine.js"
import { panicLines } from "../cli/outcome.js"
import { DEFAULT_CONFIG, type DeviceConfig, loadConfig } from "../config/device-config.js"
import { pskSettings } from "../config/device-credentials.js"
import { deviceSettings, programImage } from "../config/firmware-build.js"
import { PskStore } from "../credentials.js"
import { inWords } from "../device-words.js"
import { Gateway, type GatewayPeer } from "../gateway/gateway.js"
import { type ArrivedReading } from "../gateway/resources.js"
import { DebugMap } from "../simulator/debug-map.js"
import { Device } from "../simulator/device.js"
import { I2cBus } from "../simulator/i2c-natives.js"
import { temporaryFolder } from "../temporary.js"
import { trialCertificates } from "./trial-certificates.js"
import { VirtualClock } from "./virtual-clock.js"
import { GATEWAY, VirtualLink } from "./virtual-link.js"
import { EPOCH, VirtualServices } from "./virtual-services.js"

/** What a simulated device is made of. */
export interface SimulationOptions {
    /** configuration file; default: devs.config.json in the current folder */
    config?: string
    /** settings of the device besides the configuration's, or instead of them; `pin-N`: what pin N reads, "0" to "1" */
    settings?: Record<string, string>
}

/** What the gateway got in one message. */
export interface ArrivedSample {
    /** when, ms of the simulation's clock */
    time: number
    path: string
    readings: ArrivedReading[]
}

/** Longest time that `nextSample` waits for, ms: an hour. */
const PATIENCE = 3600000

/** Settings of the gateway, with the suites and the extensions of both versions. */
function gatewaySettings(psk: PskAnswer, files: CertificateFiles | undefined): DtlsSettings {
    const publicKeys = files && readCertificateFiles(files, "server", (option) => option)
    const credentials = new EitherCredentials(new PskStore([psk]), publicKeys?.credentials)
    const suites = [...allSuitesV13(), TLS_AES_128_CCM_8_SHA256(), ...allSuites(), ...(publicKeys?.suites ?? [])]
    const settings = newSettings(suites, credentials, wifi(), gatewayLimits())
    settings.extensions = [keyShares(new NodeKeys(), false)]
    if (publicKeys !== undefined) {
        settings.extensions.push(publicKeys.authentication)
        settings.authenticationMode = AuthenticationMode.required
    }
    return settings
}

/**
 * A simulated device that runs the program of a configuration, and a gateway at the other end of a virtual link. Time passes
 * only in `nextSample` and `advance`, and then at once.
 */
export class Simulation {
    readonly clock = new VirtualClock()
    readonly link = new VirtualLink(this.clock)
    /** what the device measures with: an SHT4x at 0x44, and what a test attaches */
    readonly i2c = new I2cBus()
    /** everything that has arrived */
    readonly samples: ArrivedSample[] = []
    /** what the device logged and printed, a line each */
    readonly log: string[] = []
    /** sessions that the device has made with the gateway */
    handshakes = 0
    private taken = 0
    private ended: Promise<void> = Promise.resolve()
    private failure: Error | undefined
    private device: Device | undefined
    private gateway: Gateway | undefined
    private psk = { identity: Buffer.from("device"), key: randomBytes(16) }

    private constructor() {}

    /**
     * Starts the gateway and the device. The program is compiled when it has changed (about ten seconds). Throws UsageError
     * for a mistake in the configuration or the program.
     */
    static async start({ config = DEFAULT_CONFIG, settings = {} }: SimulationOptions = {}): Promise<Simulation> {
        const simulation = new Simulation()
        const deviceConfig = loadConfig(config)
        const host = isIP(deviceConfig.host) === 0 ? deviceConfig.host : GATEWAY
        const { certificates } = deviceConfig
        const trial = certificates && trialCertificates(certificates, host)
        await simulation.startGateway(deviceConfig, trial?.server)
        await simulation.startDevice(deviceConfig, { ...trial?.device, host, ...settings })
        return simulation
    }

    /** In the versions that the device speaks. @param files undefined: there is a pre-shared key */
    private async startGateway(
        { port, versions, importedPsk }: DeviceConfig,
        files: CertificateFiles | undefined,
    ): Promise<void> {
        const services = new VirtualServices(this.clock, this.link, (level, message) =>
            this.log.push(`gateway: ${LogLevel[level]}: ${message}`),
        )
        const settings = gatewaySettings(this.psk, files)
        settings.newExchange = exchangeOf(versions)
        if (versions.newest === "1.2") settings.extensions = []
        if (importedPsk !== undefined) settings.extensions.push(importing(importedPsk))
        const events = {
            connected: () => void this.handshakes++,
            readings: (_peer: GatewayPeer, path: string, readings: ArrivedReading[]) =>
                void this.samples.push({ time: this.clock.now(), path, readings }),
            ended: () => undefined,
        }
        const failed = (error: Error): void => void (this.failure ??= error)
        this.gateway = await Gateway.start(services, settings, { host: GATEWAY, port }, events, failed)
    }

    private async startDevice(config: DeviceConfig, settings: Record<string, string>): Promise<void> {
        const image = programImage(config)
        const debug = DebugMap.load(image.debugPath, image.home)
        const { identity, key } = this.psk
        const psk = pskSettings(identity.toString(), key.toString("hex"), config.certificates)
        const credentials = { settings: psk, wifiPassword: "" }
        const clock = this.clock.deviceClock()
        const device = new Device(await machineFor(config.simulatedTranslate, image), readFileSync(image.path), {
            heapBytes: config.arena * 1024,
            maxDepth: 100,
            guard: 0,
            gcStress: false,
            virtualTime: true,
            deviceId: "1",
            settings: { ...deviceSettings(config, credentials), ...settings },
            storageFolder: temporaryFolder("device"),
            clock,
            wallClock: () => EPOCH + this.clock.now() / 1000,
            network: this.link,
            i2c: this.i2c,
            print: (_level, line) => this.log.push(debug?.withNames(line) ?? line),
            log: (level, message) => this.log.push(`${LogLevel[level]}: ${inWords(message)}`),
        })
        this.device = device
        this.ended = device.run().then((outcome) => {
            clock.stop()
            const lines = panicLines(outcome, debug)
            if (lines.length > 0) this.failure ??= new Error(`the device stopped: ${lines.join("\n")}`)
        })
    }

    /** Lets `time` ms pass. Throws when the device panics, with the lines of its program. */
    async advance(time: number): Promise<void> {
        await this.clock.advance(time)
        if (this.failure !== undefined) throw this.failure
    }

    /**
     * The next sample that arrives, or that has arrived and was not asked for. Throws Error when none does within `limit` ms
     * of the simulation's time, or when the device panics.
     */
    async nextSample(limit = PATIENCE): Promise<ArrivedSample> {
        const ready = (): boolean => this.samples.length > this.taken || this.failure !== undefined
        await this.clock.advanceUntil(ready, limit)
        if (this.failure !== undefined) throw this.failure
        const sample = this.samples[this.taken]
        if (sample === undefined)
            throw new Error(`no sample within ${limit} ms; the device's log:\n${this.log.slice(-10).join("\n")}`)
        this.taken++
        return sample
    }

    /** Ends device and gateway. */
    async stop(): Promise<void> {
        this.device?.stop()
        await this.clock.advance(0)
        await this.ended
        this.gateway?.kill()
        await this.clock.advance(0)
    }
}
