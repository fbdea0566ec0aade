import { type Reader } from "../bytes/reader.js"
import { type Writer } from "../bytes/writer.js"

/** ECCurveType named_curve (RFC 8422 §5.4). */
const NAMED_CURVE = 3

/** ServerECDHParams (RFC 8422 §5.4). */
export interface EcdhParameters {
    /** NamedGroup */
    group: number
    /** public key: an uncompressed point of 65 bytes, or 32 bytes for X25519 */
    share: Buffer
}

/** Undefined if malformed, or not a named curve. */
export function readEcdhParameters(reader: Reader): EcdhParameters | undefined {
    const curveType = reader.uint(1)
    const group = reader.uint(2)
    const share = reader.vector(1)
    return reader.failed || curveType !== NAMED_CURVE || share.length === 0 ? undefined : { group, share }
}

export function writeEcdhParameters(writer: Writer, parameters: EcdhParameters): void {
    writer.uint(NAMED_CURVE, 1)
    writer.uint(parameters.group, 2)
    writer.vector(parameters.share, 1)
}
