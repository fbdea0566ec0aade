import { addressText, errorText, type GatewayEvents, Resources, UsageError } from "mote-dtls/gateway"
import { GError } from "mote-dtls/gio"
import { type GatewayConfig, loadGatewayConfig } from "./config.js"
import { DeviceCredentials, type DeviceSources, readDeviceSources } from "./credentials.js"
import { Listeners } from "./listeners.js"
import { type Log, loggedPath, loggedPeer } from "./log.js"
import { Sinks } from "./sinks.js"

/** A configuration that was read, and the devices of the files that it names. */
interface Loaded {
    config: GatewayConfig
    sources: DeviceSources
}

function load(path: string): Loaded {
    const config = loadGatewayConfig(path)
    return { config, sources: readDeviceSources(config.credentials, config.rights) }
}

/** Reads a configuration and what it names, and does no more. Throws UsageError. @returns questionable keys */
export function checkConfig(path: string): string[] {
    return load(path).sources.files.warnings
}

/** Whether a sentence says all: what a person gave is wrong, or the system refuses it. */
function isExpected(error: unknown): boolean {
    return error instanceof UsageError || error instanceof GError
}

/** The gateway as a service: listeners, devices and sinks of one configuration file, which is read again while it runs. */
export class GatewayService {
    private turn: Promise<void> = Promise.resolve()
    private stopped = false

    private constructor(
        private path: string,
        private log: Log,
        private loaded: Loaded,
        private credentials: DeviceCredentials,
        readonly sinks: Sinks,
        readonly listeners: Listeners,
    ) {}

    /**
     * Throws UsageError for a configuration that is wrong, GError when the system refuses something.
     * @param failed told when a socket can serve no more
     */
    static async start(path: string, log: Log, failed: (error: Error) => void): Promise<GatewayService> {
        const loaded = load(path)
        const { config } = loaded
        log.level = config.log.level
        const credentials = new DeviceCredentials(loaded.sources)
        const sinks = await Sinks.open(config, log)
        const options = {
            resources: new Resources(config.shared),
            deliver: sinks.deliver.bind(sinks),
            mayUse: credentials.mayUse.bind(credentials),
        }
        const events = loggedEvents(log, (identity) => {
            if (!listeners.peers().some((peer) => peer.identity.equals(identity))) credentials.forget(identity)
        })
        const listeners = new Listeners({ log, credentials, events, options, failed })
        const service = new GatewayService(path, log, loaded, credentials, sinks, listeners)
        try {
            await listeners.apply(config)
        } catch (error) {
            await sinks.close()
            throw error
        }
        service.warn()
        service.tellAddresses()
        return service
    }

    /** Files and folders that the configuration comes from. */
    sourceFiles(): string[] {
        const { file, directory } = this.loaded.config.credentials
        return [this.path, file, directory].filter((path) => path !== undefined)
    }

    config(): GatewayConfig {
        return this.loaded.config
    }

    /**
     * Reads the configuration again. Sessions go on; one whose device has no key any more, or another one, is closed. What is
     * wrong is logged, and everything stays as it was.
     * @returns whether the new configuration counts
     */
    async reload(): Promise<boolean> {
        const result = this.turn.then(() => (this.stopped ? false : this.reloadNow()))
        this.turn = result.then(() => undefined)
        return await result
    }

    private async reloadNow(): Promise<boolean> {
        try {
            await this.apply(load(this.path))
        } catch (error) {
            if (!isExpected(error)) throw error
            for (const line of errorText(error).split("\n")) this.log.error(line)
            this.log.error("the configuration is refused: the one before it still counts")
            return false
        }
        this.log.info(`${this.path} was read again`)
        this.warn()
        this.tellAddresses()
        return true
    }

    private async apply(loaded: Loaded): Promise<void> {
        const before = this.loaded
        await this.listeners.apply(loaded.config)
        try {
            await this.sinks.replace(loaded.config)
        } catch (error) {
            await this.listeners.apply(before.config)
            throw error
        }
        this.loaded = loaded
        this.log.level = loaded.config.log.level
        this.credentials.replace(loaded.sources)
        this.tellLasting(before.config, loaded.config)
        await this.closeRevoked(before.sources)
    }

    /** Settings that are there once for all sessions. */
    private tellLasting(before: GatewayConfig, now: GatewayConfig): void {
        if (before.connectionId !== now.connectionId) this.log.warn("connectionId counts from the next start on")
        if (before.shared.join() !== now.shared.join()) this.log.warn("shared counts from the next start on")
    }

    private async closeRevoked(before: DeviceSources): Promise<void> {
        const revoked = this.listeners.peers().filter((peer) => this.credentials.isRevoked(peer, before))
        for (const peer of revoked) {
            this.log.info(loggedPeer(peer), "its key was taken away or changed: its session is closed")
            await peer.connection.close()
        }
    }

    private warn(): void {
        for (const warning of this.loaded.sources.files.warnings) this.log.warn(warning)
    }

    private tellAddresses(): void {
        for (const address of this.listeners.addresses()) this.log.info(`listening on ${addressText(address)}`)
    }

    /** Closes every session with close_notify, then the sinks. */
    async stop(): Promise<void> {
        this.stopped = true
        await this.turn
        await this.listeners.close()
        await this.sinks.close()
    }
}

function loggedEvents(log: Log, left: (identity: Buffer) => void): GatewayEvents {
    return {
        connected: (peer) => log.info(loggedPeer(peer), "connected"),
        readings: (peer, path, readings) =>
            log.debug({ ...loggedPeer(peer), path: loggedPath(path), readings }, "readings arrived"),
        unread: (peer, path, format, { length }) =>
            log.info(
                { ...loggedPeer(peer), path: loggedPath(path), format, bytes: length },
                "no readings in a payload",
            ),
        refused: (peer, path) =>
            log.warn({ ...loggedPeer(peer), path: loggedPath(path) }, "may not write there: it is another device's"),
        ended: (peer, error) => {
            log.info(loggedPeer(peer), error === undefined ? "left" : `ended: ${errorText(error)}`)
            left(peer.identity)
        },
    }
}
