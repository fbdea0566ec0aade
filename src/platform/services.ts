import { type CryptoProvider } from "../dtls/crypto/provider.js"
import { type Failure } from "../dtls/handshake/failure.js"
import { type Table } from "../dtls/endpoint/endpoint.js"
import { type PrivateKey } from "../dtls/handshake/question.js"
import { type DatagramBased } from "../gio/datagram-based.js"
import { type CertificatePurpose, type TlsCertificateFlags } from "../gio/enums.js"
import { type LogLevel } from "../gio/log-level.js"
import { type SocketAddress } from "../gio/socket-address.js"

/**
 * The context object: everything in which Node, the simulator and a board differ. It is handed to whoever
 * needs it, so that tests and programs choose; nothing imports a platform by name but a program's entry file.
 */
export interface Services {
    crypto: CryptoProvider
    newSignal(): Signal
    /** Runs `task` beside the caller: a fiber, or an asynchronous function. It catches its own errors. */
    spawn(task: () => Promise<void>): void
    /** Milliseconds since some moment, monotonic. */
    now(): number
    /** Seconds since 1970-01-01 UTC; undefined while unknown. */
    wallClock(): number | undefined
    newTable<T>(): Table<T>
    /**
     * A UDP socket. With `options.remote` it is connected: it sends only there and receives only from there.
     * Throws GError (IOErrorEnum): ADDRESS_IN_USE, PERMISSION_DENIED, NOT_FOUND for a local address this host does not have.
     */
    openUdp(options: UdpOptions): Promise<UdpSocket>
    /** Addresses of a host name, or the address itself. Throws GError (IOErrorEnum.HOST_NOT_FOUND). */
    resolve(host: string): Promise<string[]>
    storage: Storage
    log(level: LogLevel, message: string): void
    /**
     * A key that signs, of a PrivateKeyInfo (RFC 5958) or an ECPrivateKey (RFC 5915), DER; undefined when it is malformed, or of a
     * kind that this place does not have. Copies it: the caller wipes `der`.
     */
    importPrivateKey(der: Buffer): PrivateKey | undefined
    /** Why a certificate is not to be believed; NO_FLAGS: it is. Throws Error where the device knows no certificates. */
    checkCertificates(check: CertificateCheck): Promise<TlsCertificateFlags>
    /** Words for a failure, where there is room for them; a device leaves it out and says numbers. */
    describeFailure?: DescribeFailure
}

/** @returns a sentence with the failure's reason and alert */
export type DescribeFailure = (failure: Failure) => string

/** A chain of certificates (RFC 5280 §6) and what is asked of it. */
export interface CertificateCheck {
    /** DER, 1 to 16: the peer's own first; what else there is helps to find a way to an anchor */
    chain: Buffer[]
    /** DER of the certificates that are trusted; on a device at most 16, and 32768 bytes with the chain */
    anchors: Buffer[]
    /** host name or IP address that subjectAltName must have (RFC 9525), up to 255 bytes; "": anyone */
    identity: string
    purpose: CertificatePurpose
    /** Unix seconds; undefined: validity is not looked at */
    when: number | undefined
}

/** Where a fiber, or an asynchronous function, waits. */
export interface Signal {
    /** @param timeout ms, negative waits for ever; @returns true when notified, false when the time is over */
    wait(timeout: number): Promise<boolean>
    /** Wakes all who wait now. */
    notify(): void
}

/** How a UDP socket is opened. */
export interface UdpOptions {
    /** peer to connect to; undefined for a socket that talks to many */
    remote: SocketAddress | undefined
    /**
     * address to bind to, numeric; undefined: any of the remote's family, or without a remote every address of this host.
     * In Node, "0.0.0.0" and "::" without a remote are every address, too, and answers leave from the one that was asked.
     */
    localHost: string | undefined
    /** 0 to 65535; 0: the system chooses */
    localPort: number
    /** Node: descriptor of a socket that is bound already, of the family of `localHost`, or of IPv6 without one */
    fd?: number | undefined
}

export interface UdpSocket extends DatagramBased {
    localAddress(): SocketAddress
    /** Everything waiting on it ends with CLOSED. */
    close(): void
}

/** Named blobs that survive a restart. Names: 1 to 14 characters. */
export interface Storage {
    load(name: string): Promise<Buffer | undefined>
    /** Resolves when it is safe against power loss. */
    save(name: string, value: Buffer): Promise<void>
    remove(name: string): Promise<void>
}
