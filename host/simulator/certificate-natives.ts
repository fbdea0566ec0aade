import { checkCertificates } from "../../src/platform/node/certificates.js"
import { type NativeCall } from "./native-call.js"
import { type NativesNamed } from "./natives.js"

/** As in firmware/natives/certificate.c. */
const MAX_CERTIFICATES = 16
const MAX_BYTES = 32768
const MAX_IDENTITY = 255
const END_OF_9999 = 253402300799

function certificates(call: NativeCall, index: number, name: string, minimum: number): Buffer[] {
    const list = call.buffers(index, name).map((bytes) => Buffer.from(bytes))
    const wanted = minimum > 0 ? "1 to 16 certificates" : "at most 16 certificates"
    if (list.length < minimum || list.length > MAX_CERTIFICATES) throw call.rangeError(name, wanted)
    return list
}

function checkBytes(call: NativeCall, name: string, ...lists: Buffer[][]): void {
    const bytes = lists.flat().reduce((sum, { length }) => sum + length, 0)
    if (bytes > MAX_BYTES) throw call.rangeError(name, `at most ${MAX_BYTES} bytes together`)
}

function identityOf(call: NativeCall): string {
    const identity = call.text(2, "identity")
    if (Buffer.byteLength(identity) > MAX_IDENTITY) throw call.rangeError("identity", `at most ${MAX_IDENTITY} bytes`)
    return identity
}

function timeOf(call: NativeCall): number | undefined {
    const when = call.optionalNumber(4, "when")
    if (when !== undefined && !(when >= 0 && when <= END_OF_9999))
        throw call.rangeError("when", "Unix seconds, from 0 to the year 9999")
    return when
}

/** The natives of firmware/natives/certificate.c, with verification by Node. */
export function certificateNatives(): NativesNamed<"_moteCertificate"> {
    return {
        _moteCertificateCheck: (call) => {
            const chain = certificates(call, 0, "chain", 1)
            checkBytes(call, "chain", chain)
            const anchors = certificates(call, 1, "anchors", 0)
            checkBytes(call, "anchors", chain, anchors)
            const identity = identityOf(call)
            const purpose = call.integer(3, "purpose", 0, 1)
            return checkCertificates({ chain, anchors, identity, purpose, when: timeOf(call) })
        },
    }
}
