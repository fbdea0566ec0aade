import { type Limits } from "./limits.js"
import { type CipherSuite } from "./cipher-suite.js"
import { type RetransmissionProfile } from "../flight/retransmission.js"
import { type KeyExchangeSettings } from "./key-exchange.js"
import { type HelloExtension } from "./hello-extension.js"

/** What an association is built from. What is not named here is not in the program. */
export interface AssociationSettings extends KeyExchangeSettings {
    /** in order of preference; a server takes the first one that the client offers too */
    suites: CipherSuite[]
    /** besides extended_master_secret and renegotiation_info, which are always there; one set per association */
    extensions: HelloExtension[]
    retransmission: RetransmissionProfile
    limits: Limits
    /** largest datagram to send, bytes of UDP payload; 228 to 16384 */
    pathBudget: number
    /** refuse peers without extended master secret (RFC 7627 §5.2-3) */
    requireExtendedMasterSecret: boolean
    /** server: on a Finished that does not decrypt send decrypt_error at once instead of silence until the deadline. For debugging. */
    alertOnKeyMismatch: boolean
    /** one line of an NSS key log per handshake: it opens all traffic to whoever has it */
    keyLog: ((line: string) => void) | undefined
}
