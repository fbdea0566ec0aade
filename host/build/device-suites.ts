/* The cipher suites that a configuration may name, and the modules that contain them. */
import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import { allSuitesV13, TLS_AES_128_CCM_8_SHA256 } from "../../src/dtls/handshake/v13/suites.js"
import * as certificateSuites from "../../src/dtls/key-exchange/certificate-suites.js"
import { SignatureKind, x509Only } from "../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../src/dtls/key-exchange/ecdhe-certificate.js"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { type Version } from "../../src/platform/node/connect/versions.js"
import { NodeKeys } from "../../src/platform/node/keys.js"

/** Suites of one kind. */
export interface SuiteGroup {
    /** path relative to src, without extension */
    module: string
    version: Version
    /** how client and server authenticate each other; DTLS 1.3 suites work with both */
    keys: "psk" | "certificates" | "both"
    suites: CipherSuite[]
}

/** Devices sign and verify only with ECDSA. */
function ecdsaSuites(): CipherSuite[] {
    const exchange = new EcdheCertificateKeyExchange(new NodeKeys(), SignatureKind.ecdsa, x509Only())
    return Object.values(certificateSuites)
        .map((suite) => suite(exchange))
        .filter(({ name }) => name.includes("_ECDSA_"))
}

export const SUITE_GROUPS: SuiteGroup[] = [
    { module: "dtls/key-exchange/suites", version: "1.2", keys: "psk", suites: allSuites() },
    { module: "dtls/key-exchange/certificate-suites", version: "1.2", keys: "certificates", suites: ecdsaSuites() },
    {
        module: "dtls/handshake/v13/suites",
        version: "1.3",
        keys: "both",
        suites: [...allSuitesV13(), TLS_AES_128_CCM_8_SHA256()],
    },
]

/** Undefined if devices do not support it. */
export function groupOf(name: string): SuiteGroup | undefined {
    return SUITE_GROUPS.find(({ suites }) => suites.some((suite) => suite.name === name))
}
