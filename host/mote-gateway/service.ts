import { isDeepStrictEqual } from "node:util"
import {
    addressText,
    type DiagnosticEvent,
    errorText,
    type GatewayEvents,
    type OfferedUpdate,
    OfferedUpdates,
    readUpdates,
    Resources,
    UsageError,
    type Versions,
} from "mote-dtls/gateway"
import { GError } from "mote-dtls/gio"
import { SavedAssociations } from "./associations.js"
import { type GatewayConfig, loadGatewayConfig } from "./config.js"
import { DeviceCredentials, type DeviceSources, readDeviceSources } from "./credentials.js"
import { History } from "./history.js"
import { gatewayServices, Listeners } from "./listeners.js"
import { type Log, loggedPath, loggedPeer } from "./log.js"
import { Metrics } from "./metrics.js"
import { type Operated, operatedHere } from "./operated.js"
import { Operations } from "./operations.js"
import { SharedAssociations } from "./shared-associations.js"
import { Sinks } from "./sinks.js"
import { readTicketKeys, Tickets } from "./tickets.js"
import { configOf, type WorkerRole } from "./worker-role.js"

/** A configuration that was read, and what is in the files that it names. */
interface Loaded {
    config: GatewayConfig
    sources: DeviceSources
    updates: OfferedUpdate[]
    /** undefined: no file has them */
    ticketKeys: Buffer[] | undefined
}

/** Settings that are there once for all sessions. */
const LASTING = ["alpn", "connectionId", "importedPsk", "redis", "returnRoutability", "shared", "workers"] as const

/** @param versions of the run; undefined: it begins */
function load(path: string, role?: WorkerRole, versions?: Versions): Loaded {
    const whole = loadGatewayConfig(path)
    const config = role === undefined ? whole : configOf(whole, role)
    return {
        config,
        sources: readDeviceSources(config, versions ?? config.versions),
        updates: readUpdates(config.update, "update"),
        ticketKeys: config.tickets?.keyFile === undefined ? undefined : readTicketKeys(config.tickets.keyFile),
    }
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
    private operations: Operations | undefined
    private history: History
    private toldAddresses: string[] = []
    private turn: Promise<void> = Promise.resolve()
    private stopped = false

    private constructor(
        private path: string,
        private log: Log,
        private loaded: Loaded,
        private credentials: DeviceCredentials,
        readonly sinks: Sinks,
        readonly listeners: Listeners,
        private metrics: Metrics,
        private shared: SharedAssociations | undefined,
        private updates: OfferedUpdates,
        private tickets: Tickets | undefined,
        private role: WorkerRole | undefined,
    ) {
        this.history = new History(() => metrics.take(listeners.peers().length))
    }

    /**
     * Throws UsageError for a configuration that is wrong, GError when the system refuses something.
     * @param failed told when a socket can serve no more
     * @param worker this process is one of several
     */
    static async start(
        path: string,
        log: Log,
        failed: (error: Error) => void,
        worker?: { role: WorkerRole; services: Listeners["services"] },
    ): Promise<GatewayService> {
        const loaded = load(path, worker?.role)
        const { config } = loaded
        log.level = config.log.level
        const credentials = new DeviceCredentials(loaded.sources)
        const sinks = await Sinks.open(config, log)
        const options = {
            // A path of its own for each device.
            resources: new Resources(config.shared, config.limits.resources ?? config.limits.peers ?? 10000),
            deliver: sinks.deliver.bind(sinks),
            mayUse: credentials.mayUse.bind(credentials),
        }
        const watched: Watched = { metrics: undefined, listeners: undefined }
        const events = eventsOf(log, credentials, watched)
        const diagnostic = (event: DiagnosticEvent): void => watched.metrics?.diagnostic(event)
        const services = worker?.services ?? gatewayServices(log)
        const shared = await openShared(config, services, log).catch(async (error: unknown) => {
            await sinks.close()
            throw error
        })
        const tickets =
            config.tickets && (await Tickets.open(config.tickets, services, config.versions, shared?.ticketKeys, log))
        tickets?.use(loaded.ticketKeys)
        const parts = { log, credentials, events, options, diagnostic, shared, tickets, worker: worker?.role, failed }
        const listeners = new Listeners(config, parts, services)
        const metrics = new Metrics(listeners, sinks)
        Object.assign(watched, { metrics, listeners })
        const service = new GatewayService(
            path,
            log,
            loaded,
            credentials,
            sinks,
            listeners,
            metrics,
            shared,
            new OfferedUpdates(options.resources),
            tickets,
            worker?.role,
        )
        try {
            await listeners.apply(config, loaded.sources)
            await service.openOperations(config)
            await service.savedAssociations()?.restore()
        } catch (error) {
            await service.stopNow()
            throw error
        }
        service.warn()
        service.offerUpdates()
        if (worker === undefined) service.tellAddresses()
        return service
    }

    private savedAssociations(): SavedAssociations | undefined {
        const { associations } = this.loaded.config
        return associations && new SavedAssociations(associations, this.listeners, this.log)
    }

    /** Port of metrics and page; undefined: there are none. */
    operationsPort(): number | undefined {
        return this.operations?.port
    }

    private async openOperations({ operations }: GatewayConfig): Promise<void> {
        const before = this.operations
        this.operations = operations && (await Operations.listen(operations.port, this.operated()))
        await before?.close()
    }

    /** What there is to be seen of it. */
    operated(): Operated {
        const { metrics, history, listeners, sinks } = this
        return operatedHere({ metrics, history, listeners, sinks })
    }

    /** Files and folders that the configuration comes from. */
    sourceFiles(): string[] {
        const { credentials, certificates, tickets, update } = this.loaded.config
        const { file, directory } = credentials
        const { cert = [], key = [], ca = [] } = certificates ?? {}
        return [this.path, file, directory, ...cert, ...key, ...ca, ...update, tickets?.keyFile].filter(
            (path) => path !== undefined,
        )
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
            await this.apply(load(this.path, this.role, this.listeners.first.versions))
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
        await this.listeners.apply(loaded.config, loaded.sources)
        try {
            await this.sinks.replace(loaded.config)
            const { operations } = loaded.config
            if (!isDeepStrictEqual(before.config.operations, operations)) await this.openOperations(loaded.config)
        } catch (error) {
            await this.listeners.apply(before.config, before.sources)
            await this.sinks.replace(before.config)
            throw error
        }
        this.loaded = loaded
        this.log.level = loaded.config.log.level
        this.credentials.replace(loaded.sources)
        this.tickets?.use(loaded.ticketKeys)
        this.offerUpdates()
        this.tellLasting(before.config, loaded.config)
        await this.closeRevoked(before.sources)
    }

    private tellLasting(before: GatewayConfig, now: GatewayConfig): void {
        if (!isDeepStrictEqual(this.listeners.first.versions, now.versions))
            this.log.warn("minVersion and maxVersion count from the next start on")
        if (before.limits.resources !== now.limits.resources)
            this.log.warn("limits.resources counts from the next start on")
        if (before.tickets?.lifetime !== now.tickets?.lifetime) this.log.warn("tickets counts from the next start on")
        for (const name of LASTING)
            if (!isDeepStrictEqual(before[name], now[name])) this.log.warn(`${name} counts from the next start on`)
    }

    private async closeRevoked(before: DeviceSources): Promise<void> {
        const revoked = this.listeners.peers().filter((peer) => this.credentials.isRevoked(peer, before))
        for (const peer of revoked) {
            this.log.info(loggedPeer(peer), "its key was taken away or changed: its session is closed")
            await peer.connection.close()
        }
    }

    private offerUpdates(): void {
        for (const { target, version } of this.updates.replace(this.loaded.updates))
            this.log.info(`version ${version} for ${target} is offered at /update/${target}`)
    }

    private warn(): void {
        // The main process says it once for all workers.
        if (this.role !== undefined) return
        for (const warning of this.loaded.sources.files.warnings) this.log.warn(warning)
    }

    /** Those that have come since it was called last. */
    private tellAddresses(): void {
        const lines = this.listeners.addresses().map((address) => `listening on ${addressText(address)}`)
        if (this.operations !== undefined) lines.push(`metrics and page at http://127.0.0.1:${this.operations.port}/`)
        for (const line of lines.filter((line) => !this.toldAddresses.includes(line))) this.log.info(line)
        this.toldAddresses = lines
    }

    /** Saves every session where that is configured, or else closes it with close_notify; then closes the sinks. */
    async stop(): Promise<void> {
        this.stopped = true
        await this.turn
        try {
            this.savedAssociations()?.save()
        } catch (error) {
            this.log.error(`sessions could not be saved, devices need a new handshake: ${errorText(error)}`)
        }
        await this.stopNow()
    }

    private async stopNow(): Promise<void> {
        this.history.stop()
        this.tickets?.close()
        await this.shared?.close()
        await this.listeners.close()
        await this.operations?.close()
        await this.sinks.close()
    }
}

async function openShared(
    config: GatewayConfig,
    services: Listeners["services"],
    log: Log,
): Promise<SharedAssociations | undefined> {
    return config.redis && (await SharedAssociations.open(config.redis, config, services, log))
}

/** What events need and what is made after them. */
interface Watched {
    metrics: Metrics | undefined
    listeners: Listeners | undefined
}

/** Events of all listeners, for log and metrics. */
function eventsOf(log: Log, credentials: DeviceCredentials, watched: Watched): GatewayEvents {
    return {
        connected: (peer) => {
            log.info(loggedPeer(peer), peer.handshakeTime === undefined ? "goes on" : "connected")
            watched.metrics?.connected(peer)
        },
        readings: (peer, path, readings) => {
            log.debug({ ...loggedPeer(peer), path: loggedPath(path), readings }, "readings arrived")
            watched.metrics?.readings(peer, path, readings)
        },
        unread: (peer, path, format, { length }) => {
            log.info({ ...loggedPeer(peer), path: loggedPath(path), format, bytes: length }, "no readings in a payload")
            watched.metrics?.payloadWithoutReadings()
        },
        refused: (peer, path) => {
            log.warn({ ...loggedPeer(peer), path: loggedPath(path) }, "may not write there: it is another device's")
            watched.metrics?.refusedWrite()
        },
        ended: (peer, error) => {
            log.info(loggedPeer(peer), error === undefined ? "left" : `ended: ${errorText(error)}`)
            const isHere = watched.listeners?.peers().some((other) => other.identity.equals(peer.identity))
            if (isHere !== true) credentials.forget(peer.identity)
        },
    }
}
