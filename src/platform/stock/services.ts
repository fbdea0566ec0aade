import * as ds from "@devicescript/core"
import { type CryptoProvider } from "../../dtls/crypto/provider.js"
import { type Table } from "../../dtls/endpoint/endpoint.js"
import { type PrivateKey } from "../../dtls/handshake/question.js"
import { type LogLevel } from "../../gio/log-level.js"
import { FiberSignal } from "../runtime/signal.js"
import { ListTable } from "../runtime/table.js"
import { type TlsCertificateFlags } from "../../gio/enums.js"
import { type Services, type Signal, type Storage, type UdpOptions, type UdpSocket } from "../services.js"
import { type Bridge, BridgedSocket } from "./bridge.js"
import { StockCryptoProvider } from "./crypto.js"

/**
 * The official VM has no storage without Jacdac.
 * @devsWhenUsed
 */
class NoStorage implements Storage {
    async load(_name: string): Promise<Buffer | undefined> {
        return undefined
    }

    async save(_name: string, _value: Buffer): Promise<void> {
        throw new Error("this machine has no storage")
    }

    async remove(_name: string): Promise<void> {
        // nothing is stored
    }
}

/**
 * The services of the official DeviceScript VM, for comparison only, not for use in the field.
 * @devsWhenUsed
 */
export class StockServices implements Services {
    crypto: CryptoProvider = new StockCryptoProvider()
    storage: Storage = new NoStorage()

    constructor(private bridge: Bridge) {}

    newSignal(): Signal {
        return new FiberSignal()
    }

    spawn(task: () => Promise<void>): void {
        task.start()
    }

    now(): number {
        return ds.millis()
    }

    wallClock(): number | undefined {
        return undefined
    }

    newTable<T>(): Table<T> {
        return new ListTable<T>()
    }

    async openUdp(options: UdpOptions): Promise<UdpSocket> {
        return new BridgedSocket(this, this.bridge, options.remote ?? { address: "", port: 0 })
    }

    /** The host knows where to send datagrams. */
    async resolve(host: string): Promise<string[]> {
        return [host]
    }

    importPrivateKey(): PrivateKey | undefined {
        return undefined
    }

    async checkCertificates(): Promise<TlsCertificateFlags> {
        throw new Error("this device checks no certificates")
    }

    log(_level: LogLevel, message: string): void {
        console.log(message)
    }
}
