import { type Peer } from "../../../dtls/endpoint/peer.js"
import { type Cancellable } from "../../../gio/cancellable.js"
import { type DtlsListener } from "../../../gio/dtls-listener.js"
import { type DtlsServerConnection } from "../../../gio/dtls-server-connection.js"

/** How much larger than a message its memory may be, in bytes, for example because of unused space in the last cipher block. */
const MOST_AROUND = 64

/**
 * Accepts the next client whose handshake is complete, and moves its lasting data into memory of its own. Throws like `listener.accept`.
 */
export async function acceptCompact(listener: DtlsListener, stop?: Cancellable): Promise<DtlsServerConnection> {
    const connection = await listener.accept(-1, stop)
    const peer = connection.getPeer()
    if (peer !== undefined) compact(peer)
    return connection
}

/**
 * Moves the data that an association keeps after its handshake into memory of its own. Small Buffers are slices of 8 KB pools. A single
 * slice that stays in use keeps its whole pool in memory, although the rest of the pool was only needed during the handshake.
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

/**
 * Returns the message in memory of its own. A small Buffer may be a slice of a pool: the receiver could see other data in the pool, and
 * would keep the whole pool in memory.
 */
export function inOwnMemory(message: Buffer): Buffer {
    if (message.buffer.byteLength <= message.length + MOST_AROUND) return message
    const copy = Buffer.allocUnsafeSlow(message.length)
    copy.set(message)
    return copy
}
