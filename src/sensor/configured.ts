/* What devs.config.json decides about the program itself: `mote build` writes this file anew in the folder where it compiles. */
import { type CipherSuite } from "../dtls/handshake/cipher-suite.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../dtls/key-exchange/suites.js"

export function configuredSuites(): CipherSuite[] {
    return [TLS_PSK_WITH_AES_128_CCM_8()]
}
