import { type DriverRole } from "../association/handshake-driver.js"
import { type SavedVersion } from "../association/saved-association.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { type DiscardCounters } from "../record/discard.js"
import { type Reply } from "./endpoint.js"
import { type HelloFragment } from "./hello-fragment.js"
import { type SourceAddress } from "./source-address.js"

/** A complete ClientHello with a valid cookie. */
export interface AdmittedHello {
    /** record sequence number of its first fragment */
    sequence: number
    messageSeq: number
    /** 32 bytes */
    random: Buffer
    /** begins with a record that contains the whole hello */
    datagram: Buffer
    /** length of the datagram, bytes */
    length: number
    /** the server's side of the negotiated version */
    role: DriverRole
}

/**
 * Admits clients, in a version's way: an association begins with a complete hello and a valid cookie, and before that
 * no state is kept that unknown clients could exhaust.
 */
export interface HelloExchange {
    /** to clients that are not admitted, oldest first; whoever sends one removes it */
    replies: Reply[]
    /** Whether the fragment is a hello's first one, or continues a hello that is being reassembled. */
    expects(key: string, fragment: HelloFragment): boolean
    /**
     * Takes a datagram that begins with an expected fragment.
     * @returns the hello, once it is complete and its cookie valid; otherwise there may be a reply
     */
    take(fragment: HelloFragment, from: SourceAddress, now: number): AdmittedHello | undefined
    /** Where a connection id begins in the first record of a datagram; -1: it has none. */
    idAt(datagram: Buffer, length: number): number
    /** The versions served, for associations that are resumed from a saved state. */
    savedVersions(): SavedVersion[]
    /** Number of hellos that are being reassembled. */
    partialCount(): number
    /** When `tick` has to be called next, ms. */
    deadline(): number
    /** Discards hellos whose other fragments did not come in time. */
    tick(now: number): void
    /** Erases the cookie secrets. */
    close(): void
}

/** Makes a server's exchange. @param counters for hellos that are dropped */
export type NewHelloExchange = (settings: AssociationSettings, counters: DiscardCounters, now: number) => HelloExchange
