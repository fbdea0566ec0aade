import {
    certificateOfBoth,
    connectionIds,
    ecdhePsk,
    exporter,
    fragments,
    maxFragmentLength,
    preSharedKey,
    resumption,
} from "./attempts.js"
import { type Cell } from "./cell.js"

const GCM = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
/** The suite of RFC 7925. */
const CCM_8 = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"

/** Every cell of DTLS 1.2 with a library. */
export function libraryCells(): Cell[] {
    return [...pion(), ...mbedtls()]
}

function pion(): Cell[] {
    const older = ["--version", "1.2"]
    return [
        ...certificateOfBoth("pion", GCM, ...older),
        ...ecdhePsk("pion", ...older),
        ...connectionIds("pion", true, ...older),
    ]
}

function mbedtls(): Cell[] {
    return [
        ...preSharedKey("mbedtls"),
        ...ecdhePsk("mbedtls"),
        ...certificateOfBoth("mbedtls", CCM_8),
        ...fragments("mbedtls", GCM),
        ...connectionIds("mbedtls", false),
        ...resumption("mbedtls"),
        ...maxFragmentLength("mbedtls"),
        ...exporter("mbedtls"),
    ]
}
