import { deepStrictEqual, ok } from "node:assert/strict"
import { constants, createHash, createPublicKey, verify } from "node:crypto"
import { signedContent } from "../../../../src/dtls/key-exchange/v13/certificate-verify.js"
import { readDigitallySigned } from "../../../../src/dtls/wire/certificate.js"
import { CertificateType, SignatureScheme } from "../../../../src/dtls/wire/code-points.js"
import { Reader } from "../../../../src/dtls/bytes/reader.js"
import { readCertificateMessage, writeCertificateMessage } from "../../../../src/dtls/wire/v13/certificate.js"
import { subjectPublicKeyInfo } from "../../../../src/dtls/wire/x509.js"

/** Messages of the handshake in RFC 8448 §3, with their TLS headers, which our transcripts use, too. */
const CLIENT_HELLO = Buffer.from(
    "010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113031302010000910000000b000900" +
        "0006736572766572ff01000100000a00140012001d0017001800190100010101020103010400230000003300260024001d002099381de560" +
        "e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b0003020304000d0020001e04030503060302030804080508060401" +
        "0501060102010402050206020202002d00020101001c00024001",
    "hex",
)
const SERVER_HELLO = Buffer.from(
    "020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e00330024001d0020c98288761120" +
        "95fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304",
    "hex",
)
const ENCRYPTED_EXTENSIONS = Buffer.from(
    "080000240022000a00140012001d00170018001901000101010201030104001c0002400100000000",
    "hex",
)
const CERTIFICATE = Buffer.from(
    "0b0001b9000001b50001b0308201ac30820115a003020102020102300d06092a864886f70d01010b0500300e310c300a06035504031303727361" +
        "301e170d3136303733303031323335395a170d3236303733303031323335395a300e310c300a0603550403130372736130819f300d06092a" +
        "864886f70d010101050003818d0030818902818100b4bb498f8279303d980836399b36c6988c0c68de55e1bdb826d3901a2461eafd2de49a" +
        "91d015abbc9a95137ace6c1af19eaa6af98c7ced43120998e187a80ee0ccb0524b1b018c3e0b63264d449a6d38e22a5fda43084674803053" +
        "0ef0461c8ca9d9efbfae8ea6d1d03e2bd193eff0ab9a8002c47428a6d35a8d88d79f7f1e3f0203010001a31a301830090603551d13040230" +
        "00300b0603551d0f0404030205a0300d06092a864886f70d01010b05000381810085aad2a0e5b9276b908c65f73a7267170618a54c5f8a7b" +
        "337d2df7a594365417f2eae8f8a58c8f8172f9319cf36b7fd6c55b80f21a03015156726096fd335e5e67f2dbf102702e608ccae6bec1fc63" +
        "a42a99be5c3eb7107c3c54e9b9eb2bd5203b1c3b84e0a8b2f759409ba3eac9d91d402dcc0cc8f8961229ac9187b42b4de10000",
    "hex",
)
const CERTIFICATE_VERIFY = Buffer.from(
    "0f000084080400805a747c5d88fa9bd2e55ab085a61015b7211f824cd484145ab3ff52f1fda8477b0b7abc90db78e2d33a5c141a078653fa6bef" +
        "780c5ea248eeaaa785c4f394cab6d30bbe8d4859ee511f602957b15411ac027671459e46445c9ea58c181e818e95b8c3fb0bf3278409d3be" +
        "152a3da5043e063dda65cdf5aea20d53dfacd42f74f3",
    "hex",
)

const HEADER_LENGTH = 4

describe("certificates in DTLS 1.3, against the vectors of RFC 8448", () => {
    const message = readCertificateMessage(CERTIFICATE.subarray(HEADER_LENGTH), CertificateType.x509)

    it("a Certificate message is read, and written back unchanged", () => {
        deepStrictEqual([message?.context.length, message?.hasExtensions], [0, false])
        const written = writeCertificateMessage(Buffer.alloc(0), message?.certificates ?? [])
        deepStrictEqual(written, CERTIFICATE.subarray(HEADER_LENGTH))
    })

    it("a CertificateVerify signs the context string and the transcript's hash, a server's unlike a client's", () => {
        const body = CERTIFICATE_VERIFY.subarray(HEADER_LENGTH)
        const signed = readDigitallySigned(new Reader(body, 0, body.length))
        deepStrictEqual(signed?.scheme, SignatureScheme.rsaPssRsaeSha256)
        const hash = createHash("sha256")
        for (const part of [CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE]) hash.update(part)
        const digest = hash.digest()
        // A key of 1024 bits is too short for connections, so node:crypto verifies it here.
        const spki = subjectPublicKeyInfo(message?.certificates[0] as Buffer) as Buffer
        const key = createPublicKey({ key: spki, format: "der", type: "spki" })
        const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
        const isGenuine = (ofClient: boolean): boolean =>
            verify("sha256", signedContent(ofClient, digest), pss, signed?.signature)
        ok(isGenuine(false))
        ok(!isGenuine(true))
    })
})
