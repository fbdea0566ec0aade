import * as ds from "@devicescript/core"
import { wipe } from "../../dtls/bytes/bytes.js"
import { type PrivateKey } from "../../dtls/handshake/question.js"
import { readP256PrivateKey } from "../../dtls/wire/private-key.js"
import { type CryptoProvider } from "../../dtls/crypto/provider.js"
import { type Table } from "../../dtls/endpoint/endpoint.js"
import { ioError, IOErrorEnum } from "../../gio/errors.js"
import { type TlsCertificateFlags } from "../../gio/enums.js"
import {
    type CertificateCheck,
    type Services,
    type Signal,
    type Storage,
    type UdpOptions,
    type UdpSocket,
} from "../services.js"
import { RuntimeCryptoProvider } from "./crypto.js"
import { RuntimePrivateKey } from "./keys.js"
import { type LogLevel } from "../../gio/log-level.js"
import { resultError } from "./io-result.js"
import "./natives.js"
import { FiberSignal } from "./signal.js"
import { ListTable } from "./table.js"
import { openRuntimeUdp } from "./udp.js"

/** @devsWhenUsed */
class RuntimeStorage implements Storage {
    async load(name: string): Promise<Buffer | undefined> {
        return ds._moteStorageLoad(name)
    }

    async save(name: string, value: Buffer): Promise<void> {
        const result = ds._moteStorageSave(name, value)
        if (result < 0) throw resultError(result, "Storage is full or broken")
    }

    async remove(name: string): Promise<void> {
        const result = ds._moteStorageRemove(name)
        if (result < 0) throw resultError(result, "Storage is broken")
    }
}

/**
 * The services of Mote's own runtime, on a board and in the simulator.
 * @devsWhenUsed
 */
export class RuntimeServices implements Services {
    crypto: CryptoProvider = new RuntimeCryptoProvider()
    storage: Storage = new RuntimeStorage()

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
        return ds._moteWallClock()
    }

    newTable<T>(): Table<T> {
        return new ListTable<T>()
    }

    async openUdp(options: UdpOptions): Promise<UdpSocket> {
        return openRuntimeUdp(this, options)
    }

    async resolve(host: string): Promise<string[]> {
        const addresses = ds._moteResolve(host)
        if (addresses.length === 0) throw ioError(IOErrorEnum.HOST_NOT_FOUND, host + ": no such host")
        return addresses
    }

    importPrivateKey(der: Buffer): PrivateKey | undefined {
        const scalar = readP256PrivateKey(der)
        if (scalar === undefined) return undefined
        const key = new RuntimePrivateKey(scalar)
        wipe(scalar)
        return key
    }

    async checkCertificates(check: CertificateCheck): Promise<TlsCertificateFlags> {
        const { chain, anchors, identity, purpose, when } = check
        return ds._moteCertificateCheck(chain, anchors, identity, purpose, when)
    }

    log(level: LogLevel, message: string): void {
        ds._moteLog(level, message)
    }
}
