import { type ArrivedReading } from "mote-dtls/gateway"

/** Readings of one request, as every sink gets them. */
export interface ReadingRecord {
    /** one for each request: whoever gets a record twice can tell */
    id: string
    /** of arrival, ISO 8601 */
    time: string
    identity: string
    /** hexadecimal: an identity need be no text */
    identityHex: string
    address: string
    path: string
    readings: ArrivedReading[]
}

/** Where readings go. */
export interface Sink {
    /** for log and metrics, "file readings.ndjson" */
    readonly name: string
    /** Begins its work, once, when what it takes the place of is closed. */
    begin(): Promise<void>
    /** whether it takes another record now */
    hasRoom(): boolean
    /** @param line the record as JSON, without a line feed. Resolves when it is safe; rejects when it is lost */
    put(record: ReadingRecord, line: string): Promise<void>
    /** records that are not safe, or not delivered yet */
    waiting(): number
    /** Delivers what it can in a moment, and gives back what it holds. */
    close(): Promise<void>
}
