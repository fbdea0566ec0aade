import { copyOf } from "../../src/dtls/bytes/bytes.js"
import { HashAlgorithm } from "../../src/dtls/crypto/algorithms.js"
import { prf } from "../../src/dtls/crypto/v12/prf.js"
import { type Kit } from "../kit.js"

export function prfTests(t: Kit): void {
    t.describe("PRF", () => {
        const vector =
            "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa0" +
            "22f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"
        function output(length: number): Buffer {
            const secret = t.crypto.newHmac(
                HashAlgorithm.sha256,
                Buffer.from("9bbe436ba940f017b17652849a71db35", "hex"),
            )
            const bytes = prf(secret, "test label", Buffer.from("a0ba9f936cda311827a6f796ffd5198c", "hex"), length)
            secret.close()
            return bytes
        }
        t.test("matches the published TLS 1.2 SHA-256 test vector", async () => {
            t.equal(output(100).toString("hex"), vector)
        })
        t.test("[H27] produces as many bytes as an exporter may ask for", async () => {
            const most = output(8160)
            t.equal(most.length, 8160)
            t.equal(copyOf(most, 0, 100).toString("hex"), vector)
        })
    })
}
