import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { AlertDescription, ExtensionType } from "../wire/code-points.js"
import { type HelloExtension } from "./hello-extension.js"

/**
 * Application-Layer Protocol Negotiation (RFC 7301).
 * @devsWhenUsed
 */
export class Alpn implements HelloExtension {
    type = ExtensionType.applicationLayerProtocolNegotiation
    /** the negotiated protocol */
    selected: string | undefined

    /**
     * @param protocols names of 1 to 255 bytes, preferred first
     * @param clientOrder server: the client's order of preference decides (as in glib-networking), not this side's
     * (RFC 7301 §3.2)
     */
    constructor(
        private protocols: string[],
        private clientOrder: boolean,
    ) {}

    offer(): Buffer | undefined {
        return this.protocols.length === 0 ? undefined : writeNames(this.protocols)
    }

    accept(data: Buffer): AlertDescription {
        const names = readNames(data)
        if (names === undefined || names.length !== 1) return AlertDescription.decodeError
        const name = names[0] as string
        if (this.protocols.indexOf(name) < 0) return AlertDescription.illegalParameter
        this.selected = name
        return AlertDescription.none
    }

    /** Without a common name the handshake goes on without ALPN, as GIO does (RFC 7301 §3.2 would allow an alert). */
    select(data: Buffer): AlertDescription {
        const names = readNames(data)
        if (names === undefined) return AlertDescription.decodeError
        const wanted = this.clientOrder ? names : this.protocols
        const offered = this.clientOrder ? this.protocols : names
        this.selected = wanted.find((name) => offered.indexOf(name) >= 0)
        return AlertDescription.none
    }

    answer(): Buffer | undefined {
        return this.selected === undefined ? undefined : writeNames([this.selected])
    }
}

/** ProtocolNameList (RFC 7301 §3.1). */
function writeNames(names: string[]): Buffer {
    const writer = new Writer(32)
    const opened = writer.open(2)
    for (const name of names) writer.vector(Buffer.from(name), 1)
    writer.close(opened, 2)
    return writer.finish()
}

function readNames(data: Buffer): string[] | undefined {
    const reader = new Reader(data, 0, data.length)
    const list = reader.sub(2)
    const names: string[] = []
    while (list.remaining() > 0 && !list.failed) {
        const name = list.vector(1)
        if (name.length === 0) return undefined
        names.push(name.toString())
    }
    return list.failed || !reader.done() || names.length === 0 ? undefined : names
}
