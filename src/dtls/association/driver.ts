import { type FailureReason } from "../handshake/failure.js"
import { type Answer } from "../handshake/question.js"
import { type SecurityParameters } from "../handshake/security-parameters.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { type DiscardCounters } from "../record/discard.js"
import { type OpenedRecord, type RecordLayer } from "../record/record-layer.js"
import { type AlertDescription } from "../wire/code-points.js"
import { type HandshakeHeader } from "../wire/handshake-header.js"
import { type OutputQueue } from "./output.js"

/** The association as its driver sees it. */
export interface DriverOwner {
    isClient: boolean
    settings: AssociationSettings
    record: RecordLayer
    counters: DiscardCounters
    outputs: OutputQueue
    parameters: SecurityParameters
    /** the handshake is done */
    onConnected(): void
    /** the driver is no longer needed, not even for its last flight */
    onDriven(): void
    /**
     * another driver takes over: the version is negotiated, or the handshake is done and has its own driver for what
     * follows
     */
    onHandedOver(driver: Driver, parameters: SecurityParameters): void
    /** records that waited for their keys can be read now */
    onEarlyRecords(records: Buffer[], now: number): void
    /** the association is over; `alert` is sent to the peer unless it is `none` or was received from it */
    fail(reason: FailureReason, alert: AlertDescription): void
}

/** Runs everything but application data: the handshake, or in DTLS 1.3 the messages that follow it. */
export interface Driver {
    /**
     * Fast path for application data: while the next sequence number is below this, no tick is needed before
     * `handshakeUntil` and the driver need not be consulted. Above 0: it keeps no last flight.
     */
    quietBelow: number
    /** until when records under the handshake keys are accepted, ms; only set by drivers that can be quiet */
    handshakeUntil?: number
    /** HandshakeType of the next message expected; -1: none */
    expecting(): number
    /** When `tick` has to be called next, ms. */
    wantsTickAt(): number
    /** Client: sends the first flight. Server: starts the handshake deadline. */
    begin(now: number): void
    /** Runs the timers that are due. */
    tick(now: number): void
    /** Takes a fragment whose bytes begin at `at` in the record. */
    take(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void
    /**
     * Takes a verified record of a content type that only this version has. @returns false: the type is not one of
     * these
     */
    takeOther(record: OpenedRecord, now: number): boolean
    takeChangeCipherSpec(record: OpenedRecord, now: number): void
    takeUnprotectedAlert(level: number, description: AlertDescription, now: number): void
    /** The peer has acknowledged this side's handshake, so that none of it has to be retransmitted. */
    isSettled(): boolean
    /** The peer or this side has a new address. @returns whether our records carry another connection id now */
    onNewPath(): boolean
    /** The peer's close_notify was received. */
    onPeerClosed(record: OpenedRecord): void
    /** Whether the peer sent the record after its close_notify, which was received. */
    isPastClose(record: OpenedRecord): boolean
    /** This side has sent its close_notify, or canceled the handshake. */
    onWriteClosed(): void
    /** Answers the open question; does nothing if there is none. */
    answer(answer: Answer | undefined, now: number): void
    /** A record under the newest keys did not verify, or the peer does not accept ours. */
    suspectMismatch(): void
    /** The last flight is no longer needed: its time has passed, or the peer uses the new keys. */
    forgetLastFlight(): void
    /**
     * Erases the driver's state: the association has another driver by now, or none, and does not call this one again.
     */
    close(): void

    // For snapshots

    expectedSeq(): number
    timerAt(): number
    bytesReceived(): number
    bytesToRepeat(): number
}
