import { type Cell, features } from "./cell.js"
import { againstClient, againstServer } from "./command-line.js"
import { type PeerKind } from "./tools.js"

/** A message longer than the limit is refused before it is sent, which shows that the limit was negotiated. */
export function limitCells(ssl: PeerKind, tls: PeerKind): Cell[] {
    const mfl = { what: "max_fragment_length of 512", features: features("mfl") }
    const size = { what: "record_size_limit", features: features("record-size-limit") }
    return [
        againstServer(ssl, { ...mfl, mote: ["--max-fragment", "512"], longest: 512 }),
        againstServer(tls, { ...mfl, mote: ["--max-fragment", "512"], longest: 512 }),
        againstClient(ssl, { ...mfl, peer: ["-maxfraglen", "512"], mote: ["--max-fragment", "0"], longest: 512 }),
        againstServer(tls, { ...size, peer: ["--recordsize", "700"], mote: ["--record-size", "600"], longest: 700 }),
        againstClient(tls, { ...size, peer: ["--recordsize=700"], mote: ["--record-size", "600"], longest: 700 }),
    ]
}
