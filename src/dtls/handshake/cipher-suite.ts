import { type AeadParameters, type HashParameters } from "../crypto/algorithms.js"
import { type KeyExchange } from "./key-exchange.js"

/** A cipher suite. A program contains the code of those that it names, and no other. */
export interface CipherSuite {
    /** IANA code point */
    id: number
    /** IANA name */
    name: string
    /** how the premaster secret is established; undefined in versions whose suites do not determine that */
    keyExchange: KeyExchange | undefined
    /** hash of the PRF or key schedule, and of the transcript */
    hash: HashParameters
    aead: AeadParameters
}
