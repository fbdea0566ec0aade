import { type OpenedRecord } from "../crypto/provider.js"
import { type FailureReason } from "../handshake/failure.js"
import { type Answer } from "../handshake/question.js"
import { type SecurityParameters } from "../handshake/security-parameters.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { type DiscardCounters } from "../record/discard.js"
import { type RecordLayer } from "../record/record-layer.js"
import { type AlertDescription } from "../wire/code-points.js"
import { type HandshakeHeader } from "../wire/handshake-header.js"
import { type OutputQueue } from "./output.js"

/** The association that a driver works for. */
export interface DriverOwner {
    isClient: boolean
    settings: AssociationSettings
    record: RecordLayer
    counters: DiscardCounters
    outputs: OutputQueue
    parameters: SecurityParameters
    /** the handshake is done */
    onConnected(): void
    /** the driver is not needed any more: not even its last flight */
    onDriven(): void
    /** another driver goes on: the peer has chosen its version, or what follows a handshake is its own */
    onHandedOver(driver: Driver, parameters: SecurityParameters): void
    /** records that waited for their keys may be read now */
    onEarlyRecords(records: Buffer[], now: number): void
    /** the association is over; `alert` goes to the peer unless it is `none` or came from there */
    fail(reason: FailureReason, alert: AlertDescription): void
}

/** What goes on in an association beside its application data: the handshake, or in DTLS 1.3 what follows it. */
export interface Driver {
    /**
     * Fast path for application data: while the next sequence number is below this, no tick is wanted before `handshakeUntil` and the
     * driver need not be asked. 0 or less: ask it.
     */
    quietBelow: number
    /** until when records under the keys of the handshake are taken, ms; of a driver that may be quiet */
    handshakeUntil?: number
    /** HandshakeType of the next message that must come; -1: none must */
    expecting(): number
    /** The next time at which `tick` is wanted, ms. */
    wantsTickAt(): number
    /** Client: sends the first flight. Server: the deadline starts. */
    begin(now: number): void
    /** Runs the timers that are due. */
    tick(now: number): void
    /** Takes a fragment that stands at `at` in the record. */
    take(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void
    /** Takes a verified record of a content type that its version alone has. @returns false: it has none such */
    takeOther(record: OpenedRecord, now: number): boolean
    takeChangeCipherSpec(record: OpenedRecord, now: number): void
    takeUnprotectedAlert(level: number, description: AlertDescription, now: number): void
    /** The peer has all of this side's handshake that would have to be sent again. */
    isSettled(): boolean
    /** The peer, or this side, is at a new address. @returns whether our records carry another connection id now */
    onNewPath(): boolean
    /** The peer's close_notify has come. */
    onPeerClosed(record: OpenedRecord): void
    /** Whether the peer sent it after its close_notify, which has come. */
    isPastClose(record: OpenedRecord): boolean
    /** This side has sent its close_notify, or given the handshake up. */
    onWriteClosed(): void
    /** Gives the answer to the question that is open; nothing happens without one. */
    answer(answer: Answer | undefined, now: number): void
    /** A record under the newest keys does not verify, or the peer does not accept ours. */
    suspectMismatch(): void
    /** The last flight is not needed any more: its time is over, or the peer uses the new keys. */
    forgetLastFlight(): void
    /** Erases what is kept: the association has another driver by then, or none, and asks this one for nothing more. */
    close(): void

    // For snapshots

    expectedSeq(): number
    timerAt(): number
    bytesReceived(): number
    bytesToRepeat(): number
}
