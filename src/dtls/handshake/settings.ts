import { type Limits } from "./limits.js"
import { type CipherSuite } from "./cipher-suite.js"
import { type RetransmissionProfile } from "../flight/retransmission.js"
import { type KeyExchangeSettings } from "./key-exchange.js"
import { type HelloExtension } from "./hello-extension.js"

/** What an association is made from. A program contains only what it names here. */
export interface AssociationSettings extends KeyExchangeSettings {
    /** in order of preference; a server selects the first one that the client offers too */
    suites: CipherSuite[]
    /**
     * in addition to extended_master_secret and renegotiation_info, which are always present; one set per association
     */
    extensions: HelloExtension[]
    retransmission: RetransmissionProfile
    limits: Limits
    /** largest datagram to send, bytes of UDP payload; 228 to 16384 */
    pathBudget: number
    /** refuse peers without extended master secret (RFC 7627 §5.2-3) */
    requireExtendedMasterSecret: boolean
    /**
     * server: send decrypt_error at once if a Finished does not decrypt, instead of staying silent until the deadline.
     * For debugging.
     */
    alertOnKeyMismatch: boolean
    /** gets one line of an NSS key log per handshake, with which all its traffic can be decrypted */
    keyLog: ((line: string) => void) | undefined
}
