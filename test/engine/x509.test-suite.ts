import { copyOf } from "../../src/dtls/bytes/bytes.js"
import { alternativeNames, nameText, readValidity } from "../../src/dtls/wire/x509-names.js"
import { readCertificate, subjectPublicKeyInfo } from "../../src/dtls/wire/x509.js"
import { type Kit } from "../kit.js"

/** Made with openssl req -x509: P-256, a Name with two attributes in one set, subjectAltName, expires after 2049. */
export const certificate = Buffer.from(
    "30820234308201daa00302010202144f518dab97dca469c7af35cfcf0846144c81e18b300a06082a8648ce3d040302304e310b30090603" +
        "5504061302444531163014060355040a0c0d4578616d706c652c20496e632e31143008060355040b0c01613008060355040b0c01623111" +
        "300f06035504030c0873656e736f7220313020170d3236313132383134333333345a180f32313236313130343134333333345a304e310b" +
        "300906035504061302444531163014060355040a0c0d4578616d706c652c20496e632e31143008060355040b0c01613008060355040b0c" +
        "01623111300f06035504030c0873656e736f7220313059301306072a8648ce3d020106082a8648ce3d03010703420004d203aec7bade9e" +
        "245a96b5e42bca1055507f7fd3f04be3b6ba787e61e017b1af0b4c7217c672fbebc1a00de4673a9732f7bf58995acee4079ab6943abed9" +
        "f219a38193308190301d0603551d0e0416041403f17a4666ff6bc03515ea43afdb9e84e6cee392301f0603551d2304183016801403f17a" +
        "4666ff6bc03515ea43afdb9e84e6cee392300f0603551d130101ff040530030101ff303d0603551d1104363034820f73656e736f72312e" +
        "6578616d706c658704c0000207871020010db80000000000000000000000078609636f6170733a2f2f78300a06082a8648ce3d04030203" +
        "48003045022100d05ac66a8cec6abcf416ae82ec380264f4808b8bde33c37a45b871f9fac7339a022043336b743780f74dc04cfd215b08" +
        "d2b31d1d32eb7d6a7ad479df77070351b72e",
    "hex",
)

/** Its key, written by openssl pkey -pubout. */
const publicKey =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004d203aec7bade9e245a96b5e42bca1055507f7fd3f04be3b6ba787e61e017b1" +
    "af0b4c7217c672fbebc1a00de4673a9732f7bf58995acee4079ab6943abed9f219"

/** offset of the SubjectPublicKeyInfo */
const spkiAt = 241

/** Reads all fields of a certificate; @returns whether it is valid. */
export function readEverything(der: Buffer): boolean {
    const fields = readCertificate(der)
    if (fields === undefined) return false
    readValidity(fields)
    alternativeNames(fields)
    nameText(fields.issuer)
    nameText(fields.subject)
    return true
}

export function x509Tests(t: Kit): void {
    t.describe("certificates", () => {
        t.test("have the public key that OpenSSL prints", async () => {
            const found = subjectPublicKeyInfo(certificate)
            t.equal(found === undefined ? "" : found.toString("hex"), publicKey)
        })
        t.test("print names in the order of their encoding, with RFC 4514's escapes", async () => {
            const fields = readCertificate(certificate)
            if (fields === undefined) return t.equal("unreadable", "")
            t.equal(nameText(fields.subject), "C=DE,O=Example\\, Inc.,OU=a+OU=b,CN=sensor 1")
            t.equal(nameText(fields.issuer), nameText(fields.subject))
        })
        t.test("are valid between two times, before and after 2050", async () => {
            const fields = readCertificate(certificate)
            const validity = fields === undefined ? undefined : readValidity(fields)
            t.equal(validity === undefined ? 0 : validity.notBefore, 1795876414)
            t.equal(validity === undefined ? 0 : validity.notAfter, 4949476414)
        })
        t.test("name hosts and addresses in subjectAltName, and skip other kinds", async () => {
            const fields = readCertificate(certificate)
            const names = fields === undefined ? undefined : alternativeNames(fields)
            if (names === undefined) return t.equal("unreadable", "")
            t.equal(names.dns.join(), "sensor1.example")
            t.equal(names.ip.length, 2)
            t.equal(names.ip[0].toString("hex"), "c0000207")
            t.equal(names.ip[1].toString("hex"), "20010db8000000000000000000000007")
        })
        t.test("that are truncated, or followed by a byte, are rejected", async () => {
            for (let end = 0; end < certificate.length; end += 37) {
                t.equal(readEverything(copyOf(certificate, 0, end)), false)
            }
            const longer = Buffer.alloc(certificate.length + 1)
            for (let i = 0; i < certificate.length; i++) longer[i] = certificate[i]
            t.equal(readEverything(longer), false)
        })
        t.test("with a length in more bytes than it needs are rejected", async () => {
            t.equal(certificate[spkiAt], 0x30)
            t.equal(certificate[spkiAt + 1], 0x59)
            const padded = Buffer.alloc(certificate.length + 1)
            for (let i = 0; i < certificate.length; i++) padded[i <= spkiAt ? i : i + 1] = certificate[i]
            padded[spkiAt + 1] = 0x81
            padded[3]++
            padded[7]++
            t.equal(readCertificate(padded), undefined)
        })
    })
}
