import { lookup } from "node:dns/promises"
import { isIP } from "node:net"
import { performance } from "node:perf_hooks"
import { ioError, IOErrorEnum } from "../../gio/errors.js"
import { type Table } from "../../dtls/endpoint/endpoint.js"
import { type PrivateKey } from "../../dtls/handshake/question.js"
import { LogLevel } from "../../gio/log-level.js"
import { type TlsCertificateFlags } from "../../gio/enums.js"
import {
    type CertificateCheck,
    type Services,
    type Signal,
    type Storage,
    type UdpOptions,
    type UdpSocket,
} from "../services.js"
import { AllAddressesSocket } from "./all-addresses.js"
import { checkCertificates } from "./certificates.js"
import { NodeCryptoProvider } from "./crypto.js"
import { importPrivateKey } from "./keys.js"
import { failureMessage } from "./failure-text.js"
import { printable } from "./printable.js"
import { wildcardOf } from "./local-addresses.js"
import { NodeStorage } from "./storage.js"
import { NodeUdpSocket } from "./udp.js"

class NodeSignal implements Signal {
    private waiting: ((notified: boolean) => void)[] | undefined

    wait(timeout: number): Promise<boolean> {
        return new Promise((resolve) => {
            this.waiting ??= []
            if (timeout < 0) return void this.waiting.push(resolve)
            let timer: NodeJS.Timeout | undefined
            const done = (notified: boolean): void => {
                clearTimeout(timer)
                this.waiting = this.waiting?.filter((other) => other !== done)
                resolve(notified)
            }
            // A longer timeout than timers support counts as for ever: the waiter checks and waits again.
            if (timeout === 0) setImmediate(() => done(false))
            else timer = setTimeout(() => done(false), Math.min(Math.ceil(timeout), 0x7fffffff))
            this.waiting.push(done)
        })
    }

    notify(): void {
        const { waiting } = this
        this.waiting = undefined
        if (waiting !== undefined) for (const done of waiting) done(true)
    }
}

class NodeTable<T> implements Table<T> {
    private map = new Map<string, T>()

    get(key: string): T | undefined {
        return this.map.get(key)
    }

    set(key: string, value: T): void {
        this.map.set(key, value)
    }

    delete(key: string): void {
        this.map.delete(key)
    }

    size(): number {
        return this.map.size
    }
}

/** Where Node's services store data and log. */
export interface NodeServicesOptions {
    /** folder of the storage; default `.mote` in the current folder, created by the first save */
    storageFolder?: string
    /** receives log lines; default standard error */
    log?: (level: LogLevel, message: string) => void
}

/** The platform services of Node: node:crypto, node:dgram, node:dns, files. */
export class NodeServices implements Services {
    crypto = new NodeCryptoProvider()
    storage: Storage
    describeFailure = failureMessage
    private writeLog: (level: LogLevel, message: string) => void

    constructor(options: NodeServicesOptions = {}) {
        this.storage = new NodeStorage(options.storageFolder ?? ".mote")
        this.writeLog =
            options.log ?? ((level, message) => process.stderr.write(`${LogLevel[level]}: ${printable(message)}\n`))
    }

    newSignal(): Signal {
        return new NodeSignal()
    }

    spawn(task: () => Promise<void>): void {
        process.nextTick(() => {
            task().catch((error: unknown) => {
                this.log(LogLevel.error, `a background task failed: ${error instanceof Error ? error.message : "?"}`)
            })
        })
    }

    now(): number {
        return performance.now()
    }

    wallClock(): number | undefined {
        return Date.now() / 1000
    }

    newTable<T>(): Table<T> {
        return new NodeTable<T>()
    }

    openUdp(options: UdpOptions): Promise<UdpSocket> {
        const isFree = options.remote === undefined && options.fd === undefined
        const wildcard = isFree ? wildcardOf(options.localHost) : undefined
        if (wildcard === undefined) return NodeUdpSocket.open(this, options)
        return AllAddressesSocket.openAll(this, { port: options.localPort, wildcard })
    }

    async resolve(host: string): Promise<string[]> {
        // The system's look-up takes several turns of the event loop even for a numeric address.
        if (isIP(host) !== 0) return [host]
        try {
            const found = await lookup(host, { all: true })
            return found.map((entry) => entry.address)
        } catch {
            throw ioError(IOErrorEnum.HOST_NOT_FOUND, `${host}: no such host; check the name and the network`)
        }
    }

    importPrivateKey(der: Buffer): PrivateKey | undefined {
        return importPrivateKey(der)
    }

    checkCertificates(check: CertificateCheck): Promise<TlsCertificateFlags> {
        return Promise.resolve(checkCertificates(check))
    }

    log(level: LogLevel, message: string): void {
        this.writeLog(level, message)
    }
}
