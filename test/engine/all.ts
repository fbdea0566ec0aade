import { type Kit } from "../kit.js"
import { bytesTests } from "./bytes.test-suite.js"
import { cborTests } from "./cbor.test-suite.js"
import { coapTests } from "./coap.test-suite.js"
import { connectionIdTests } from "./connection-id.test-suite.js"
import { handshakeTests } from "./handshake.test-suite.js"
import { prfTests } from "./prf.test-suite.js"
import { publicKeyTests } from "./public-keys.test-suite.js"
import { recordTests } from "./record.test-suite.js"
import { resumptionTests } from "./resumption.test-suite.js"
import { senmlTests } from "./senml.test-suite.js"
import { versionTests } from "./versions.test-suite.js"
import { waitingTests } from "./waiting.test-suite.js"
import { wireTests } from "./wire.test-suite.js"
import { x509Tests } from "./x509.test-suite.js"

/*
 * The suites that run in both languages. On a device each group is a program of its own, because the official machine's
 * image is limited to 64 KB of code.
 */

export function engineTests(t: Kit): void {
    handshakeTests(t)
}

export function addressTests(t: Kit): void {
    connectionIdTests(t)
}

export function sessionTests(t: Kit): void {
    resumptionTests(t)
    versionTests(t)
    publicKeyTests(t)
}

export function applicationTests(t: Kit): void {
    bytesTests(t)
    wireTests(t)
    prfTests(t)
    recordTests(t)
    waitingTests(t)
    coapTests(t)
    cborTests(t)
    senmlTests(t)
    x509Tests(t)
}
