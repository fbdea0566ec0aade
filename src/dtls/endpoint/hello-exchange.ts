import { type DriverRole } from "../association/handshake-driver.js"
import { type SavedVersion } from "../association/saved-association.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { type DiscardCounters } from "../record/discard.js"
import { type Reply } from "./endpoint.js"
import { type HelloFragment } from "./hello-fragment.js"
import { type SourceAddress } from "./source-address.js"

/** A whole ClientHello with a good cookie. */
export interface AdmittedHello {
    /** record sequence number of its first fragment */
    sequence: number
    messageSeq: number
    /** 32 bytes */
    random: Buffer
    /** begins with a record that holds the whole hello */
    datagram: Buffer
    /** bytes of the datagram */
    length: number
    /** the server's side of the version that goes on with it */
    role: DriverRole
}

/**
 * Decides about hellos of unknown clients, in the way of a version: an association begins with a whole hello and a good
 * cookie, and before that nothing is kept that unknown clients could fill.
 */
export interface HelloExchange {
    /** Whether the fragment says who sent it, or continues a hello that is being put together. */
    expects(key: string, fragment: HelloFragment): boolean
    /**
     * Takes a datagram that begins with an expected fragment.
     * @returns the hello, once it is whole and its cookie is good; otherwise there may be a reply
     */
    take(fragment: HelloFragment, from: SourceAddress, now: number): AdmittedHello | undefined
    /** Where a connection id begins in the first record of a datagram; -1: it has none. */
    idAt(datagram: Buffer, length: number): number
    nextReply(): Reply | undefined
    /** The versions that are served, for associations that go on from a saved state. */
    savedVersions(): SavedVersion[]
    /** Hellos that are being put together. */
    partialCount(): number
    /** The next time at which `tick` is wanted, ms. */
    deadline(): number
    /** Gives up hellos whose other fragments did not come in time. */
    tick(now: number): void
    /** Erases the cookie secrets. */
    close(): void
}

/** Makes the exchange of a server. @param counters for hellos that are dropped */
export type NewHelloExchange = (settings: AssociationSettings, counters: DiscardCounters, now: number) => HelloExchange
