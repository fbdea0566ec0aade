import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict"
import { generateKeyPairSync, verify, X509Certificate } from "node:crypto"
import { rootCertificates } from "node:tls"
import { inspect } from "node:util"
import { readP256PrivateKey } from "../../../src/dtls/wire/private-key.js"
import { SignatureScheme } from "../../../src/dtls/wire/code-points.js"
import { CertificatePurpose, TlsCertificateFlags } from "../../../src/gio/enums.js"
import { ErrorDomain, type GError, TlsError } from "../../../src/gio/errors.js"
import { decodeBase64, readPem } from "../../../src/gio/pem.js"
import { TlsCertificate } from "../../../src/gio/tls-certificate.js"
import { TlsDatabase } from "../../../src/gio/tls-database.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { systemDatabase } from "../../../src/platform/node/system-authorities.js"
import { certificate, VALID } from "../../certificates/cases.js"

const { NO_FLAGS, UNKNOWN_CA, BAD_IDENTITY, EXPIRED, GENERIC_ERROR } = TlsCertificateFlags

const services = new NodeServices()
services.wallClock = () => VALID

const pem = (...names: string[]): string =>
    names.map((name) => new X509Certificate(certificate(name)).toString()).join("")
const load = (...names: string[]): TlsCertificate => TlsCertificate.newFromPem(services, pem(...names))

function isBadCertificate(message: RegExp): (error: GError) => boolean {
    return (error) => error.matches(ErrorDomain.tls, TlsError.BAD_CERTIFICATE) && message.test(error.message)
}

describe("Gio.TlsCertificate", () => {
    it("reports names, addresses and validity as GIO and node:crypto do", () => {
        const leaf = load("leaf")
        const theirs = new X509Certificate(certificate("leaf"))
        strictEqual(leaf.getSubjectName(), theirs.subject)
        strictEqual(leaf.getIssuerName(), theirs.issuer)
        deepStrictEqual(leaf.getDnsNames(), ["sensor.example", "*.wild.example"])
        deepStrictEqual(
            leaf.getIpAddresses().map((address) => address.toString("hex")),
            ["c0000207", "20010db8000000000000000000000007"],
        )
        strictEqual(leaf.getNotValidBefore(), Date.parse(theirs.validFrom) / 1000)
        strictEqual(leaf.getNotValidAfter(), Date.parse(theirs.validTo) / 1000)
        deepStrictEqual(leaf.getPublicKey(), theirs.publicKey.export({ format: "der", type: "spki" }))
    })

    it("made of several certificates has each as the issuer of the one before", () => {
        const leaf = load("leaf", "middle", "root")
        ok(leaf.getIssuer()?.isSame(load("middle")))
        ok(leaf.getIssuer()?.getIssuer()?.isSame(load("root")))
        ok(!leaf.isSame(load("middle")))
        strictEqual(TlsCertificate.listNewFromPem(services, pem("leaf", "middle"))[0]?.getIssuer(), undefined)
    })

    it("verifies as g_tls_certificate_verify does: identity and authority are checked only where they are given", async () => {
        const leaf = load("leaf", "middle")
        strictEqual(await leaf.verify("sensor.example", load("root")), NO_FLAGS)
        strictEqual(await leaf.verify("other.example", load("root")), BAD_IDENTITY)
        strictEqual(await leaf.verify(undefined, load("stranger")), UNKNOWN_CA)
        strictEqual(await leaf.verify(undefined, undefined), NO_FLAGS)
        strictEqual(await load("expired").verify("other.example", undefined), EXPIRED | BAD_IDENTITY)
    })

    it("verifies a client's certificate, too, but not one that may not authenticate clients", async () => {
        strictEqual(await load("client", "middle").verify(undefined, load("root")), NO_FLAGS)
        strictEqual(await load("mute", "middle").verify(undefined, load("root")), GENERIC_ERROR)
    })

    for (const type of ["pkcs8", "sec1"] as const)
        it(`accepts the private key beside it (${type}), which signs and is never printed`, async () => {
            const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
            const text = privateKey.export({ format: "pem", type }) as string
            const own = TlsCertificate.newFromPem(services, text + pem("leaf", "middle"))
            const data = Buffer.from("what is signed")
            const signature = await own.privateKey?.sign(SignatureScheme.ecdsaSecp256r1Sha256, data)
            ok(signature !== undefined && verify("sha256", data, publicKey, signature))
            const { d = "" } = privateKey.export({ format: "jwk" })
            const secret = Buffer.from(d, "base64url")
            const printed = inspect(own, { depth: 9, showHidden: true }) + JSON.stringify(own.privateKey)
            for (const form of ["hex", "base64", "base64url"] as const)
                ok(!printed.includes(secret.toString(form)), form)
            strictEqual(own.getIssuer()?.privateKey, undefined)
            const der = privateKey.export({ format: "der", type })
            deepStrictEqual(readP256PrivateKey(der), secret, "as a device reads it")
            for (let end = 0; end < der.length; end++) strictEqual(readP256PrivateKey(der.subarray(0, end)), undefined)
        })

    it("throws BAD_CERTIFICATE for what it cannot read, and says what that is", () => {
        const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
        const encrypted = key.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" }) as string
        const wrong: [string, RegExp][] = [
            ["", /^No PEM-encoded certificate found$/],
            ["-----BEGIN CERTIFICATE-----\nMII", /a block is cut/],
            [pem("leaf").replace("MII", "M?I"), /not base64/],
            ["-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", /^Could not parse DER certificate$/],
            [pem("leaf") + encrypted, /encrypted: decrypt it first/],
            [`${pem("leaf")}-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----`, /PEM-encoded private key/],
        ]
        for (const [text, message] of wrong) {
            throws(() => TlsCertificate.newFromPem(services, text), isBadCertificate(message))
        }
        throws(() => TlsCertificate.newFromPem(services, 5 as unknown as string), /^GError: data: a text in PEM$/)
    })
})

describe("PEM", () => {
    it("is read with comments between, in lines of any length, by its labels", () => {
        const blocks = readPem("a\r\n-----BEGIN X Y-----\r\nAAEC\r\nAw==\r\n-----END X Y-----\nb")
        deepStrictEqual(blocks, [{ label: "X Y", data: Buffer.from([0, 1, 2, 3]) }])
        strictEqual(readPem("-----BEGIN X-----\nAA==\n-----END Y-----"), undefined)
    })

    it("contains the bytes that node:crypto finds", () => {
        for (let length = 0; length < 70; length++) {
            const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 37 + length) & 255))
            deepStrictEqual(decodeBase64(bytes.toString("base64")), bytes)
        }
    })
})

describe("Gio.TlsDatabase", () => {
    it("verifies chains by the authorities of a text", async () => {
        const database = TlsDatabase.newFromPem(services, pem("stranger", "root"))
        const purpose = CertificatePurpose.authenticateServer
        strictEqual(await database.verifyChain(load("leaf", "middle"), purpose, "sensor.example"), NO_FLAGS)
        strictEqual(await database.verifyChain(load("leaf"), purpose, undefined), UNKNOWN_CA)
        throws(() => TlsDatabase.newFromPem(services, "none"), isBadCertificate(/No PEM-encoded certificate/))
    })

    it("has the system's authorities in Node, which do not include a private one", async () => {
        const database = systemDatabase(services)
        ok(database.anchors.length > 0)
        ok(database.anchors.some((anchor) => anchor.equals(new X509Certificate(rootCertificates[0]).raw)))
        const flags = await database.verifyChain(
            load("leaf", "middle"),
            CertificatePurpose.authenticateServer,
            undefined,
        )
        strictEqual(flags, UNKNOWN_CA)
    })
})
