import {
    AES_128_CCM_8,
    AES_128_GCM,
    CHACHA20,
    certificateOfBoth,
    certificateOfServer,
    clientWithKey,
    connectionIds,
    ecdhePsk,
    exporter,
    fragments,
    maxFragmentLength,
    preSharedKey,
    rawKeys,
    recordSizeLimit,
    resumedByServer,
    resumption,
    routability,
} from "./attempts.js"
import { type Cell } from "./cell.js"

const GCM = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
/** The mandatory suite of RFC 7925. */
const CCM_8 = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"

/** All DTLS 1.2 cells with a library. */
export function libraryCells(): Cell[] {
    return [
        ...pion(),
        ...mbedtls(),
        ...wolfssl(),
        ...scandium(),
        ...tinydtls(),
        ...clientWithKey("node-dtls-client"),
        ...certificateOfServer("werift", GCM),
    ]
}

function pion(): Cell[] {
    const older = ["--version", "1.2"]
    return [
        ...certificateOfBoth("pion", GCM, ...older),
        ...ecdhePsk("pion", CHACHA20, ...older),
        ...routability("pion", ...older),
    ]
}

function mbedtls(): Cell[] {
    return [
        ...preSharedKey("mbedtls"),
        ...ecdhePsk("mbedtls", CHACHA20),
        ...certificateOfBoth("mbedtls", CCM_8),
        ...fragments("mbedtls", GCM),
        ...connectionIds("mbedtls", false),
        ...resumption("mbedtls"),
        ...maxFragmentLength("mbedtls"),
        ...exporter("mbedtls"),
    ]
}

function wolfssl(): Cell[] {
    const older = ["--version", "1.2"]
    return [
        ...preSharedKey("wolfssl", ...older),
        ...ecdhePsk("wolfssl", AES_128_GCM, ...older),
        ...certificateOfBoth("wolfssl", CCM_8, ...older),
        ...rawKeys("wolfssl", CCM_8, ...older),
        ...fragments("wolfssl", GCM, ...older),
        ...connectionIds("wolfssl", false, ...older),
        ...resumption("wolfssl", ...older),
        ...maxFragmentLength("wolfssl", ...older),
        ...exporter("wolfssl", ...older),
    ]
}

/** Each cell starts Java, so there is only one of each kind. */
function scandium(): Cell[] {
    return [
        ...ecdhePsk("scandium", AES_128_CCM_8),
        ...certificateOfBoth("scandium", GCM),
        ...rawKeys("scandium", CCM_8),
        ...connectionIds("scandium", false),
        resumedByServer("scandium", false),
        ...maxFragmentLength("scandium"),
        ...recordSizeLimit("scandium"),
    ]
}

function tinydtls(): Cell[] {
    return [...preSharedKey("tinydtls"), ...rawKeys("tinydtls", CCM_8)]
}
