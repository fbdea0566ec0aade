import { ok, strictEqual } from "node:assert/strict"
import { createHash } from "node:crypto"
import { HashAlgorithm, hashParameters } from "../../../src/dtls/crypto/algorithms.js"
import { Transcript } from "../../../src/dtls/handshake/transcript.js"
import { HANDSHAKE_HEADER_LENGTH } from "../../../src/dtls/wire/handshake-header.js"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"

const messages = [1, 2, 3, 4].map((byte) => Buffer.alloc(HANDSHAKE_HEADER_LENGTH + byte, byte))
const hashOf = (count: number): string =>
    createHash("sha256")
        .update(Buffer.concat(messages.slice(0, count)))
        .digest("hex")

/** Both sides would agree on a wrong hash: only another implementation would notice. */
describe("the transcript of a handshake", () => {
    const begun = (): Transcript => {
        const transcript = new Transcript(new NodeCryptoProvider(), HANDSHAKE_HEADER_LENGTH)
        transcript.add(messages[0])
        transcript.choose(hashParameters(HashAlgorithm.sha256), false)
        return transcript
    }

    it("has the hash of all messages so far after each of them, those from before the suite included", () => {
        const transcript = begun()
        for (let count = 1; count <= messages.length; count++) {
            if (count > 1) transcript.add(messages[count - 1])
            strictEqual(transcript.digest().toString("hex"), hashOf(count))
        }
    })

    it("computes a hash once for as long as no message comes", () => {
        const transcript = begun()
        ok(transcript.digest() === transcript.digest())
    })
})
