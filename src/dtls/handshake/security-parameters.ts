import { EMPTY } from "../bytes/bytes.js"
import { type CipherSuite } from "./cipher-suite.js"
import { type Failure } from "./failure.js"
import { type PeerCertificate, type PresentedCertificate } from "./question.js"
import { type Resumption } from "./resumption.js"

/**
 * What a handshake negotiated (RFC 5246 §6.1), kept for the association's lifetime; everything else is freed with the
 * handshake.
 * @devsWhenUsed
 */
export abstract class SecurityParameters {
    /** the handshake is done */
    complete = false
    suite: CipherSuite | undefined = undefined
    clientRandom = EMPTY
    serverRandom = EMPTY
    extendedMasterSecret = false
    /** the client's psk_identity */
    identity = EMPTY
    /**
     * what the peer presented last, accepted or not; possession of the private key is proved when `complete`;
     * undefined: nothing
     */
    peerCertificate: PeerCertificate | undefined
    /** what this side presented; undefined: nothing */
    ownCertificate: PresentedCertificate | undefined
    /** the handshake was abbreviated: it resumed an earlier session (RFC 5246 §7.3) */
    resumed = false
    /** keeps and resumes sessions; undefined: they are not resumed */
    resumption: Resumption | undefined = undefined
    /** verify_data of the first Finished: the tls-unique binding (RFC 5929 §3.1) */
    firstFinished = EMPTY

    /** @param version code point of the negotiated version */
    constructor(public version: number) {}

    /** Exports keying material (RFC 5705 §4, RFC 8446 §7.5); undefined if there are no keys. */
    abstract exportKeyingMaterial(label: string, context: Buffer | undefined, length: number): Buffer | undefined

    /** Erases secrets. @param failure how the association failed; undefined: it was closed */
    abstract close(failure: Failure | undefined): void
}
