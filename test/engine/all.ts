import { type Kit } from "../kit.js"
import { bytesTests } from "./bytes.test-suite.js"
import { coapTests } from "./coap.test-suite.js"
import { handshakeTests } from "./handshake.test-suite.js"
import { recordTests } from "./record.test-suite.js"
import { waitingTests } from "./waiting.test-suite.js"
import { wireTests } from "./wire.test-suite.js"

/** The suites that run in both languages. */
export function engineTests(t: Kit): void {
    bytesTests(t)
    wireTests(t)
    recordTests(t)
    coapTests(t)
    waitingTests(t)
    handshakeTests(t)
}
