import { type HashParameters } from "../../crypto/algorithms.js"
import { type ClientHello } from "../../wire/client-hello.js"
import { type CipherSuite } from "../cipher-suite.js"
import { type HelloExtension } from "../hello-extension.js"
import { type PskAnswer } from "../question.js"
import { type ClientResumptionContextV13, type OfferedKey } from "./resumption.js"

/** Imports pre-shared keys (RFC 9258), for programs that name it. One object per association. */
export interface KeyImporter extends HelloExtension {
    // Client

    /** Imports the key for each hash that a suite has. @returns how many keys came of it */
    begin(h: ClientResumptionContextV13, psk: PskAnswer): number
    /** The body of the hello, with the imported keys at the end. */
    bind(h: ClientResumptionContextV13, hello: ClientHello): Buffer
    /** What a hello offers behind a ticket. */
    offers(h: ClientResumptionContextV13): OfferedKey[]
    /** Whether the key with that index of the hello goes with the suite; undefined: it is none of these. */
    accepts(h: ClientResumptionContextV13, index: number, suite: CipherSuite): boolean | undefined
    /** The server has chosen the key with that index of the hello. */
    enter(h: ClientResumptionContextV13, index: number): void

    // Server

    /** The external identity of an imported one for this hash; undefined: it is none, or of another context. */
    externalOf(identity: Buffer, target: HashParameters): Buffer | undefined
    /** @param identity the imported one */
    importKey(key: Buffer, identity: Buffer, target: HashParameters): Buffer
    /** Label of its binders. */
    bindingLabel(): string

    /** Erases the keys. */
    close(): void
}
