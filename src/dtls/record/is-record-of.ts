import { type RecordProtection } from "../crypto/provider.js"

/** Whether the record of that number, and no other, fills bytes [at, end). */
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
