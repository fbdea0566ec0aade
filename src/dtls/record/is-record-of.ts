import { type RecordProtection } from "../crypto/provider.js"

/** Whether bytes [at, end) are exactly the record with that number. */
export function isRecordOf(
    protection: RecordProtection,
    datagram: Buffer,
    at: number,
    end: number,
    sequence: number,
): boolean {
    const isThat = protection.sequenceOf(datagram, at, end, sequence) === sequence
    return isThat && at + protection.lengthOf(datagram, at) === end
}
