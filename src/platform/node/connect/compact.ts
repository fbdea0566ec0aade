import { type Peer } from "../../../dtls/endpoint/peer.js"

/**
 * Moves what an association keeps after its handshake into memory of its own. Small Buffers are parts of pools of 8 KB, and each
 * that stays keeps a whole pool, full of what the handshake needed and nobody needs any more.
 */
export function compact(peer: Peer): void {
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
