import { type CryptoProvider } from "../dtls/crypto/provider.js"
import { type Failure } from "../dtls/handshake/failure.js"
import { type Table } from "../dtls/endpoint/endpoint.js"
import { type PrivateKey } from "../dtls/handshake/question.js"
import { type DatagramBased } from "../gio/datagram-based.js"
import { type CertificatePurpose, type TlsCertificateFlags } from "../gio/enums.js"
import { type LogLevel } from "../gio/log-level.js"
import { type SocketAddress } from "../gio/socket-address.js"

/**
 * The context object: everything in which Node, the simulator and a board differ. It is passed as a parameter, so that
 * tests and programs can choose; only a program's entry file imports a platform by name.
 */
export interface Services {
    crypto: CryptoProvider
    newSignal(): Signal
    /** Runs `task` concurrently: in a fiber, or as an asynchronous function. The task has to catch its own errors. */
    spawn(task: () => Promise<void>): void
    /** Milliseconds since an arbitrary moment, monotonic. */
    now(): number
    /** Seconds since 1970-01-01 UTC; undefined while the time is unknown. */
    wallClock(): number | undefined
    newTable<T>(): Table<T>
    /**
     * Opens a UDP socket. With `options.remote` it is connected: it only sends to and receives from that peer. Throws
     * GError (IOErrorEnum): ADDRESS_IN_USE, PERMISSION_DENIED, NOT_FOUND for a local address that this host does not
     * have.
     */
    openUdp(options: UdpOptions): Promise<UdpSocket>
    /**
     * Resolves a host name to addresses; returns a numeric address as it is. Throws GError
     * (IOErrorEnum.HOST_NOT_FOUND).
     */
    resolve(host: string): Promise<string[]>
    storage: Storage
    log(level: LogLevel, message: string): void
    /**
     * Imports a signing key from a PrivateKeyInfo (RFC 5958) or an ECPrivateKey (RFC 5915), DER; undefined if it is
     * malformed, or of a kind that this platform does not support. Copies it: the caller wipes `der`.
     */
    importPrivateKey(der: Buffer): PrivateKey | undefined
    /**
     * Verifies a chain of certificates. Returns the errors found; NO_FLAGS: it is trusted. Throws Error if the device
     * does not support certificates.
     */
    checkCertificates(check: CertificateCheck): Promise<TlsCertificateFlags>
    /** Describes a failure in words; missing on devices, which report numbers to save space. */
    describeFailure?: DescribeFailure
}

/** @returns a sentence with the failure's reason and alert */
export type DescribeFailure = (failure: Failure) => string

/** A chain of certificates (RFC 5280 §6) and how to check it. */
export interface CertificateCheck {
    /** DER, 1 to 16: the peer's own certificate first; the others help to find a path to a trust anchor */
    chain: Buffer[]
    /** trusted certificates, DER; on a device at most 16, and at most 32768 bytes together with the chain */
    anchors: Buffer[]
    /** host name or IP address that subjectAltName must contain (RFC 9525), up to 255 bytes; "": any */
    identity: string
    purpose: CertificatePurpose
    /** Unix seconds; undefined: the validity period is not checked */
    when: number | undefined
}

/** A fiber, or an asynchronous function, can wait on a Signal until it is notified. */
export interface Signal {
    /** @param timeout ms; negative: no limit; @returns true if notified, false after the timeout */
    wait(timeout: number): Promise<boolean>
    /** Wakes all current waiters. */
    notify(): void
}

/** Options for opening a UDP socket. */
export interface UdpOptions {
    /** peer to connect to; undefined for a socket with many peers */
    remote: SocketAddress | undefined
    /**
     * numeric address to bind to; undefined: any address of the remote's family, or without a remote every address of
     * this host. In Node, "0.0.0.0" and "::" without a remote also mean every address, and answers are sent from the
     * address to which the request was sent.
     */
    localHost: string | undefined
    /** 0 to 65535; 0: chosen by the system */
    localPort: number
    /** Node: descriptor of a socket that is already bound, of `localHost`'s family, or IPv6 without a `localHost` */
    fd?: number | undefined
}

export interface UdpSocket extends DatagramBased {
    localAddress(): SocketAddress
    /** Pending calls end with CLOSED. */
    close(): void
}

/** Named blobs that survive a restart. Names: 1 to 14 characters. */
export interface Storage {
    load(name: string): Promise<Buffer | undefined>
    /** Resolves when the value would survive a loss of power. */
    save(name: string, value: Buffer): Promise<void>
    remove(name: string): Promise<void>
}
