import {
    type DiagnosticEvent,
    exchangeOf,
    type ExportedClients,
    Gateway,
    type GatewayEvents,
    type GatewayOptions,
    type GatewayPeer,
    HandshakeWatch,
    type ImportedPsk,
    importing,
    ownedConnectionIds,
} from "mote-dtls/gateway"
import { type NodeServices } from "mote-dtls"
import {
    AuthenticationMode,
    type CipherSuite,
    connectionIdsV13,
    Diagnostic,
    enhancedReturnRoutability,
    gatewayLimits,
    type Limits,
    returnRoutability,
    wifi,
} from "mote-dtls/engine"
import { type Credentials, type DtlsSettings, LogLevel, newSettings, type SocketAddress } from "mote-dtls/gio"
import { BusyServices } from "./busy-services.js"
import { type GatewayConfig, type ListenConfig } from "./config.js"
import { type DeviceSources, type Extension } from "./credentials.js"
import { type Log, logged } from "./log.js"
import { type SharedAssociations } from "./shared-associations.js"
import { type Tickets } from "./tickets.js"
import { type WorkerRole, WorkerServices } from "./worker-role.js"

const PINO_LEVELS: Record<LogLevel, "debug" | "info" | "warn" | "error"> = {
    [LogLevel.debug]: "debug",
    [LogLevel.info]: "info",
    [LogLevel.warning]: "warn",
    [LogLevel.error]: "error",
}

type Aead = Parameters<Gateway["exportClients"]>[0]

/** What all listeners have in common. */
export interface ListenerParts {
    log: Log
    credentials: Credentials
    events: GatewayEvents
    options: GatewayOptions
    /** hears of handshakes */
    diagnostic: (event: DiagnosticEvent) => void
    /** sessions of several gateways; undefined: this one is alone */
    shared: SharedAssociations | undefined
    /** undefined: none are given */
    tickets: Tickets | undefined
    /** undefined: this process is the only one */
    worker: WorkerRole | undefined
    /** a socket can serve no more */
    failed: (error: Error) => void
}

/** A gateway for each configured address and port. Those that stay in the configuration are not touched when it is read again. */
export class Listeners {
    private gateways = new Map<string, Gateway>()
    /** one object, which every endpoint reads: a change counts at once */
    private limits: Limits = gatewayLimits()
    /** likewise */
    private suites: CipherSuite[] = []
    /** likewise */
    private extensions: Extension[] = []

    /** @param first configuration of the run, whose ids and versions count to its end */
    constructor(
        readonly first: GatewayConfig,
        private parts: ListenerParts,
        readonly services: NodeServices,
    ) {}

    all(): Gateway[] {
        return [...this.gateways.values()]
    }

    addresses(): SocketAddress[] {
        return this.all().map((gateway) => gateway.localAddress())
    }

    peers(): GatewayPeer[] {
        return this.all().flatMap((gateway) => gateway.connectedPeers())
    }

    /** Opens what is new before it closes what is gone. Throws GError when one cannot be opened: then nothing has changed. */
    async apply(config: GatewayConfig, { suites, extensions }: DeviceSources): Promise<void> {
        const fresh = new Map<string, Gateway>()
        const { worker, tickets } = this.parts
        const { importedPsk } = this.first
        const imported = importedPsk === undefined ? [] : [importing(withIdentity(importedPsk))]
        const lasting = [...idsOf(this.first, worker), ...(tickets?.extensions ?? []), ...imported]
        const before = this.replace(suites, [...lasting, ...extensions])
        try {
            for (const listen of config.listen)
                if (!this.gateways.has(nameOf(listen))) fresh.set(nameOf(listen), await this.open(listen, config))
        } catch (error) {
            for (const gateway of fresh.values()) await gateway.close()
            this.replace(...before)
            throw error
        }
        Object.assign(this.limits, gatewayLimits(), config.limits)
        const wanted = new Set(config.listen.map(nameOf))
        for (const [name, gateway] of this.gateways)
            if (!wanted.has(name)) {
                this.gateways.delete(name)
                await gateway.close()
            }
        for (const [name, gateway] of fresh) this.gateways.set(name, gateway)
    }

    /** What handshakes from now on are offered. @returns what it was before */
    private replace(suites: CipherSuite[], extensions: Extension[]): [CipherSuite[], Extension[]] {
        const [ofSuites, ofExtensions] = [this.suites, this.extensions]
        return [
            ofSuites.splice(0, ofSuites.length, ...suites),
            ofExtensions.splice(0, ofExtensions.length, ...extensions),
        ]
    }

    private async open(listen: ListenConfig, config: GatewayConfig): Promise<Gateway> {
        const { failed, log, shared } = this.parts
        const opened: { gateway?: Gateway } = {}
        const here = (): Gateway | undefined => opened.gateway
        const route = shared?.routeTo(here)
        const moreNumbers = shared?.moreNumbers.bind(shared)
        const options = { ...this.parts.options, protocols: config.alpn, route, moreNumbers }
        const events = shared === undefined ? this.parts.events : sharedEvents(this.parts.events, shared, here)
        const watch = new HandshakeWatch((event) => {
            const { code, message, identity, remoteAddress, error } = event
            this.parts.diagnostic(event)
            const cause = error instanceof Error ? { error: error.message } : {}
            log.warn({ ...logged(identity, remoteAddress), code, ...cause }, message)
        })
        const settings = this.settings(watch.watched(this.parts.credentials))
        settings.onDiagnostic = (diagnostic, detail, connection) => {
            if (diagnostic === Diagnostic.saveWanted && shared !== undefined) shared.saveWanted(connection)
            else watch.diagnostic(diagnostic, detail, connection)
        }
        const local = { host: listen.host, port: listen.port, fd: listen.fd }
        const gateway = await Gateway.start(this.services, settings, local, events, failed, options)
        opened.gateway = gateway
        gateway.getListener().onHandshakeFailed = watch.failed
        return gateway
    }

    private settings(credentials: Credentials): DtlsSettings {
        const settings = newSettings(this.suites, credentials, wifi(), this.limits)
        // Pre-shared keys authenticate devices by themselves.
        settings.authenticationMode = AuthenticationMode.required
        settings.newExchange = this.parts.shared?.newExchange ?? exchangeOf(this.first.versions)
        settings.extensions = this.extensions
        return settings
    }

    /** As Gateway.exportClients, by name of the listener; the listeners end. */
    exportClients(wrapper: Aead): [string, ExportedClients][] {
        const gateways = [...this.gateways]
        this.gateways.clear()
        return gateways.map(([name, gateway]) => {
            const exported = gateway.exportClients(wrapper)
            gateway.kill()
            return [name, exported]
        })
    }

    /** @returns how many go on, and why others do not */
    async importClients(saved: Map<string, Buffer[]>, wrapper: Aead): Promise<[number, Error[]]> {
        let taken = 0
        const failures: Error[] = []
        for (const [name, associations] of saved) {
            const gateway = this.gateways.get(name)
            const refused = await gateway?.importClients(associations, wrapper)
            const missing = new Error(`there is no listener ${name} any more`)
            failures.push(...(refused ?? associations.map(() => missing)))
            taken += refused === undefined ? 0 : associations.length - refused.length
        }
        return [taken, failures]
    }

    /** Says close_notify to every device. */
    async close(): Promise<void> {
        for (const gateway of this.gateways.values()) await gateway.close()
        this.gateways.clear()
    }
}

/** The platform's services, for all listeners. @param role of a worker */
export function gatewayServices(log: Log, role?: WorkerRole): NodeServices {
    const options = { log: (level: LogLevel, message: string): void => log[PINO_LEVELS[level]](message) }
    return role === undefined ? new BusyServices(options) : new WorkerServices(options, role)
}

/** A session that goes on at another gateway has not ended. */
function sharedEvents(
    events: GatewayEvents,
    shared: SharedAssociations,
    gateway: () => Gateway | undefined,
): GatewayEvents {
    return {
        ...events,
        connected: (peer) => {
            events.connected(peer)
            const here = gateway()
            if (here !== undefined) shared.connected(here, peer)
        },
        ended: (peer, error) => {
            if (shared.ended(peer)) events.ended(peer, error)
        },
    }
}

/** `{identity}` in the context stands for the identity of each key. */
function withIdentity(imported: ImportedPsk): ImportedPsk {
    const { context = "" } = imported
    const of = (identity: Buffer): ImportedPsk => ({
        ...imported,
        context: String(context).replaceAll("{identity}", () => identity.toString()),
    })
    return { ...imported, of }
}

/** @param worker undefined: this process is the only one */
function idsOf({ connectionId, returnRoutability: form }: GatewayConfig, worker: WorkerRole | undefined): Extension[] {
    if (connectionId === 0) return []
    const ids = connectionIdsV13(connectionId, 0)
    const check = form === "enhanced" ? enhancedReturnRoutability() : returnRoutability()
    return [worker === undefined ? ids : ownedConnectionIds(worker.index, ids), check]
}

function nameOf({ host, port }: ListenConfig): string {
    return `${host ?? ""}|${port}`
}
