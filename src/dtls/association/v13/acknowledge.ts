import { Discard } from "../../record/discard.js"
import {
    numbersIn,
    readAcknowledgement,
    type RecordNumber,
    writeAcknowledgement,
} from "../../wire/v13/acknowledgement.js"
import { ACK } from "../../wire/v13/code-points.js"
import { type DriverOwner } from "../driver.js"
import { OutputKind } from "../output.js"
import { type OpenedRecord } from "../../record/record-layer.js"

/** Limit on record numbers in one ACK: enough for the fragments of a certificate chain on a path with a small MTU. */
export const MAX_NUMBERS_SENT = 32
/** Limit on record numbers read from a peer's ACK, so that the work is bounded. */
const MAX_NUMBERS_READ = 64

/** Acknowledges these records (RFC 9147 §7). */
export function acknowledge(numbers: RecordNumber[], owner: DriverOwner): void {
    const { record, settings } = owner
    const most = numbersIn(Math.min(settings.pathBudget - record.messageOverhead(), record.writeLimit))
    for (let at = 0; at < numbers.length; at += most)
        sendAcknowledgement(numbers.slice(at, Math.min(at + most, numbers.length)), owner)
}

function sendAcknowledgement(numbers: RecordNumber[], owner: DriverOwner): void {
    const { record, outputs } = owner
    const datagram = record.write.seal(ACK, writeAcknowledgement(numbers), true)
    if (datagram !== undefined) outputs.enqueue(OutputKind.datagram, datagram)
}

/** The record numbers in a peer's ACK; undefined: it is malformed, and counted. */
export function numbersOf(record: OpenedRecord, owner: DriverOwner): RecordNumber[] | undefined {
    const numbers = readAcknowledgement(record.plaintext, MAX_NUMBERS_READ)
    if (numbers === undefined) owner.counters.add(Discard.unexpected)
    return numbers
}
