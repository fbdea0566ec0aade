import { type Association, AssociationState } from "../dtls/association/association.js"
import { type Peer } from "../dtls/endpoint/peer.js"
import { Alpn } from "../dtls/handshake/alpn.js"
import { type HelloExtension } from "../dtls/handshake/hello-extension.js"
import { channelBinding } from "./channel-binding.js"
import { type DatagramBased } from "./datagram-based.js"
import {
    type TlsCertificateFlags,
    type TlsChannelBindingType,
    TlsProtocolVersion,
    TlsRehandshakeMode,
} from "./enums.js"
import { invalidArgument, ioError, IOErrorEnum } from "./errors.js"
import { checkBoolean } from "./vectors.js"

/** accept-certificate (Gio.DtlsConnection): @returns true to accept in spite of `errors` */
export type AcceptCertificateHandler = (peerCert: unknown, errors: TlsCertificateFlags) => boolean

/**
 * What a DTLS connection can be asked and told besides sending and receiving: GIO's properties, ALPN, channel bindings.
 * @devsWhenUsed
 */
export abstract class DtlsProperties {
    protected peer: Peer | undefined
    /** one set per association; a program that never advertises protocols does not carry ALPN */
    protected newExtensions: () => HelloExtension[] = noExtensions
    private handlers: AcceptCertificateHandler[] = []
    private requireCloseNotify = true

    constructor(protected base: DatagramBased) {}

    protected association(): Association | undefined {
        return this.peer === undefined ? undefined : this.peer.association
    }

    protected isConnected(): boolean {
        const association = this.association()
        return association !== undefined && association.state === AssociationState.connected
    }

    /** The engine's side of this connection, for counters and snapshots; undefined before there is one. */
    getAssociation(): Association | undefined {
        return this.association()
    }

    /**
     * Names to offer (client) or to accept (server), preferred first; undefined disables ALPN. 1 to 255 bytes each.
     * No effect on a handshake that has begun.
     */
    setAdvertisedProtocols(protocols: string[] | undefined): void {
        const names = protocols === undefined || protocols === null ? [] : checkProtocols(protocols)
        this.newExtensions = () => (names.length === 0 ? [] : [new Alpn(names, false)])
    }

    /** undefined before the handshake and without a common protocol. */
    getNegotiatedProtocol(): string | undefined {
        const association = this.association()
        if (association === undefined) return undefined
        const alpn = association.settings.extensions[0] as Alpn | undefined
        return alpn === undefined ? undefined : alpn.selected
    }

    /** Throws TlsChannelBindingError: INVALID_STATE before the handshake, NOT_AVAILABLE, NOT_IMPLEMENTED. */
    getBindingData(type: TlsChannelBindingType): Buffer {
        return channelBinding(this.association(), type)
    }

    /** GIO's public name of `getBindingData`. */
    getChannelBindingData(type: TlsChannelBindingType): Buffer {
        return this.getBindingData(type)
    }

    /**
     * Keying material (RFC 5705 §4), equal on both sides.
     * @param label other than the five that TLS uses itself
     * @param context 0 to 65535 bytes; absent and empty differ
     * @param length 1 to 8160 bytes
     * Throws IOErrorEnum.INVALID_ARGUMENT, or NOT_SUPPORTED before the handshake is done and after the connection has ended.
     */
    exportKeyingMaterial(label: string, context: Buffer | undefined, length: number): Buffer {
        const given = context === null ? undefined : context
        checkExport(label, given, length)
        const association = this.association()
        const material = association === undefined ? undefined : association.exportKeyingMaterial(label, given, length)
        if (material === undefined) throw ioError(IOErrorEnum.NOT_SUPPORTED, "No keying material: no open connection")
        return material
    }

    /** Asks the accept-certificate handlers; without one the answer is false. */
    acceptCertificate(peerCert: unknown, errors: TlsCertificateFlags): boolean {
        for (const handler of this.handlers) {
            if (handler(peerCert, errors)) return true
        }
        return false
    }

    /** @param signal "accept-certificate" */
    connect(signal: string, handler: AcceptCertificateHandler): void {
        if (signal !== "accept-certificate") throw invalidArgument("signal", "only accept-certificate exists")
        if (typeof handler !== "function") throw invalidArgument("handler", "a function is needed")
        this.handlers.push(handler)
    }

    getBaseSocket(): DatagramBased {
        return this.base
    }

    /** UNKNOWN until the handshake is done; stays after the end. */
    getProtocolVersion(): TlsProtocolVersion {
        const association = this.association()
        const done = association !== undefined && association.parameters.complete
        return done ? TlsProtocolVersion.DTLS_1_2 : TlsProtocolVersion.UNKNOWN
    }

    /** IANA name; undefined until the handshake is done. */
    getCiphersuiteName(): string | undefined {
        const association = this.association()
        if (association === undefined || !association.parameters.complete) return undefined
        const suite = association.parameters.suite
        return suite === undefined ? undefined : suite.name
    }

    /**
     * Server: the client's psk_identity (RFC 4279 §2), once the handshake has proved that it has the key; it stays after
     * the end. Client: undefined, for a server with a pre-shared key has no identity of its own; its hint is none.
     */
    getPeerIdentity(): Buffer | undefined {
        return undefined
    }

    /** No certificates yet: undefined, as GIO answers on a connection without one. */
    getCertificate(): undefined {
        return undefined
    }

    getPeerCertificate(): undefined {
        return undefined
    }

    getPeerCertificateErrors(): TlsCertificateFlags {
        return 0
    }

    getRequireCloseNotify(): boolean {
        return this.requireCloseNotify
    }

    /** Makes no difference over datagrams, as with GIO. */
    setRequireCloseNotify(requireCloseNotify: boolean): void {
        checkBoolean(requireCloseNotify, "require_close_notify")
        this.requireCloseNotify = requireCloseNotify
    }

    getRehandshakeMode(): TlsRehandshakeMode {
        return TlsRehandshakeMode.NEVER
    }
}

function noExtensions(): HelloExtension[] {
    return []
}

/** Throws INVALID_ARGUMENT with the argument's name. */
function checkExport(label: string, context: Buffer | undefined, length: number): void {
    if (typeof label !== "string" || label.length === 0) throw invalidArgument("label", "a text is needed")
    // They would give out verify_data, key block or master secret (RFC 5705 §4, RFC 7627 §4).
    const reserved = ["client finished", "server finished", "master secret", "extended master secret", "key expansion"]
    if (reserved.indexOf(label) >= 0) throw invalidArgument("label", "one that TLS does not reserve (RFC 5705 §4)")
    if (context !== undefined && (!(context instanceof Buffer) || context.length > 65535))
        throw invalidArgument("context", "a Buffer of at most 65535 bytes, or none")
    if (typeof length !== "number" || length < 1 || length > 8160 || Math.floor(length) !== length)
        throw invalidArgument("length", "a whole number of 1 to 8160 bytes")
}

/** @returns the names, so that the caller keeps what was checked */
export function checkProtocols(protocols: string[]): string[] {
    if (!Array.isArray(protocols)) throw invalidArgument("protocols", "an array of names is needed")
    for (const name of protocols) {
        const length = typeof name === "string" ? Buffer.from(name).length : 0
        if (length < 1 || length > 255) throw invalidArgument("protocols", "each name has 1 to 255 bytes")
    }
    return protocols.slice()
}
