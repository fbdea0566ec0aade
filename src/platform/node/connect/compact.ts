import { type Peer } from "../../../dtls/endpoint/peer.js"
import { type Cancellable } from "../../../gio/cancellable.js"
import { type DtlsListener } from "../../../gio/dtls-listener.js"
import { type DtlsServerConnection } from "../../../gio/dtls-server-connection.js"

/** Bytes that may lie around a message: what was left of its last block. */
const MOST_AROUND = 64

/** The next client whose handshake is done; what is kept of it lies in memory of its own. Throws as `listener.accept` does. */
export async function acceptCompact(listener: DtlsListener, stop?: Cancellable): Promise<DtlsServerConnection> {
    const connection = await listener.accept(-1, stop)
    const peer = connection.getPeer()
    if (peer !== undefined) compact(peer)
    return connection
}

/**
 * Moves what an association keeps after its handshake into memory of its own. Small Buffers are parts of pools of 8 KB, and each
 * that stays keeps a whole pool, full of what the handshake needed and nobody needs any more.
 */
function compact(peer: Peer): void {
    const { parameters } = peer.association
    const { clientRandom, serverRandom, identity, firstFinished } = parameters
    const parts = [clientRandom, serverRandom, identity, firstFinished]
    const whole = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    const [movedClient, movedServer, movedIdentity, movedFinished] = parts.map((part) => {
        whole.set(part, at)
        at += part.length
        return whole.subarray(at - part.length, at)
    })
    Object.assign(parameters, {
        clientRandom: movedClient,
        serverRandom: movedServer,
        identity: movedIdentity,
        firstFinished: movedFinished,
    })
    peer.clientRandom = movedClient
}

/** Small Buffers may be parts of a pool, whose other parts are not the receiver's to see, and which stays as a whole. */
export function inOwnMemory(message: Buffer): Buffer {
    if (message.buffer.byteLength <= message.length + MOST_AROUND) return message
    const copy = Buffer.allocUnsafeSlow(message.length)
    copy.set(message)
    return copy
}
