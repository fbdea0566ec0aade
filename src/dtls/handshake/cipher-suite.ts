import { type AeadParameters, type HashParameters } from "../crypto/algorithms.js"
import { type KeyExchange } from "./key-exchange.js"

/** A cipher suite: what a program names here it carries, and nothing else. */
export interface CipherSuite {
    /** IANA code point */
    id: number
    /** IANA name */
    name: string
    /** how the premaster secret comes about; undefined where the suites of a version say nothing about that */
    keyExchange: KeyExchange | undefined
    /** of PRF or key schedule, and of the transcript */
    hash: HashParameters
    aead: AeadParameters
}
