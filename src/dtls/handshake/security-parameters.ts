import { EMPTY } from "../bytes/bytes.js"
import { type Hmac } from "../crypto/provider.js"
import { type CipherSuite } from "../crypto/suites.js"

/**
 * What a handshake agreed on (RFC 5246 §6.1), kept as long as the association; everything else goes with the handshake.
 * @devsWhenUsed
 */
export class SecurityParameters {
    /** the handshake is done */
    complete = false
    suite: CipherSuite | undefined
    clientRandom = EMPTY
    serverRandom = EMPTY
    extendedMasterSecret = false
    /** the client's psk_identity */
    identity = EMPTY
    /** keyed with the master secret, which itself is kept nowhere; undefined before the keys' derivation and after the end */
    master: Hmac | undefined
    /** verify_data of the first Finished: the tls-unique binding (RFC 5929 §3.1) */
    firstFinished = EMPTY

    /** Erases the master secret. */
    close(): void {
        if (this.master !== undefined) this.master.close()
        this.master = undefined
    }
}
