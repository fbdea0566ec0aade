import {
    COMPARED_SIGNATURE,
    type HandshakeSize,
    handshakeSizes,
    recordOverheads,
    withoutSignatures,
} from "./wire-sizes.js"
import { benchOptions, JSON_OPTION } from "./options.js"

/*
 * npm run wire: sizes of each kind of handshake by flight, record and message, with and without a cookie, and the
 * overhead of records. --json: {"handshakes":[...],"records":{VERSION:BYTES}}, as in wire-sizes.ts.
 */

const { json } = benchOptions<{ json?: boolean }>(
    "wire",
    "bytes of each kind of handshake, and by how much records are longer than what they carry",
    [JSON_OPTION],
)

function print({ kind, hasCookie, records, flights, bytes, finalAck, signatures }: HandshakeSize): void {
    const acknowledged = finalAck === 0 ? "" : `, and ${finalAck} of the acknowledgement at the end`
    const rest = withoutSignatures({ bytes, signatures })
    const compared = rest + signatures.length * COMPARED_SIGNATURE
    const sizes = `${rest}, and signatures of ${signatures.join(" and ")}; ${compared} with signatures of ${COMPARED_SIGNATURE}`
    const signed = signatures.length === 0 ? "" : ` (${sizes})`
    console.log(`DTLS ${kind}, ${hasCookie ? "with" : "without"} a cookie: ${bytes} bytes${signed}${acknowledged}`)
    for (const [index, size] of flights.entries()) {
        const own = records.filter(({ flight }) => flight === index + 1)
        const texts = own.map((record) => `${record.message} ${record.bytes} (${record.messageBytes})`)
        console.log(`${String(size).padStart(6)}  flight ${index + 1}, ${own[0].from}: ${texts.join(", ")}`)
    }
}

const handshakes = await handshakeSizes()
const records = recordOverheads()
if (json === true) console.log(JSON.stringify({ handshakes, records }))
else {
    console.log(
        "Bytes of records (in brackets: of their plaintext). CCM_8, X25519, identity and connection ids of 1 byte each",
    )
    for (const size of handshakes) print(size)
    for (const [version, extra] of Object.entries(records))
        console.log(`64 bytes of application data, connection id of 4 bytes, CCM_8, DTLS ${version}: ${extra} more`)
}
