import { type Association } from "../association/association.js"
import { EMPTY } from "../bytes/bytes.js"
import { type Endpoint, type Reply } from "./endpoint.js"
import { Peer } from "./peer.js"
import { type SourceAddress } from "./source-address.js"

/**
 * A client's endpoint; its only peer is the server.
 * @devsWhenUsed
 */
export class ClientEndpoint implements Endpoint {
    peer: Peer
    private ready = false

    constructor(association: Association, address: unknown) {
        this.peer = new Peer("", address, association, EMPTY, 0)
    }

    receive(datagram: Buffer, length: number, _from: SourceAddress, now: number): void {
        this.peer.association.receive(datagram, length, now)
        this.ready = true
    }

    tick(now: number): void {
        this.peer.association.tick(now)
        this.ready = true
    }

    deadline(): number {
        return this.peer.association.deadline()
    }

    nextReady(): Peer | undefined {
        if (!this.ready) return undefined
        this.ready = false
        return this.peer
    }

    nextReply(): Reply | undefined {
        return undefined
    }

    touched(_peer: Peer): void {
        this.ready = true
    }
}
