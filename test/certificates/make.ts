/*
 * Regenerates test/certificates/chains with the openssl command: node --import ./host/build/tsx.mjs
 * test/certificates/make.ts. The keys are not kept.
 */
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../host/folders.js"
import { CertificateMaker } from "./maker.js"

const SAN = "subjectAltName=DNS:sensor.example,DNS:*.wild.example,IP:192.0.2.7,IP:2001:db8::7"
const SIGNS = "keyUsage=critical,digitalSignature"
const SERVER = "extendedKeyUsage=serverAuth"
const LEAF = [SAN, SIGNS, SERVER]
const CA_KEY = "keyUsage=critical,keyCertSign"
const CA = ["basicConstraints=critical,CA:true", CA_KEY]

/** Makes the certificates of cases.ts, with the properties that their names describe. */
function makeCertificates(maker: CertificateMaker): void {
    const leaf = (name: string, issuer: string): void => maker.make(name, issuer, LEAF)
    maker.make("root", undefined, CA)
    maker.make("namesake", undefined, CA, { subject: "root" })
    maker.make("stranger", undefined, CA)
    maker.make("middle", "root", CA)
    leaf("leaf", "middle")
    leaf("minor", "leaf")
    leaf("forged", "namesake")
    maker.make("client", "middle", [SAN, SIGNS, "extendedKeyUsage=clientAuth"])
    maker.make("mute", "middle", [SAN, "keyUsage=critical,cRLSign", SERVER])
    maker.make("sha1", "middle", LEAF, { hash: "-sha1" })
    maker.make("short", "middle", LEAF, { key: ["rsa:1024"] })
    maker.make("giant", "root", CA, { key: ["rsa:4104"] })
    leaf("heavy", "giant")
    maker.make("slow", "root", CA, { key: ["rsa:2048", `rsa_keygen_pubexp:${2n ** 256n - 189n}`] })
    leaf("costly", "slow")
    maker.make("old", undefined, CA, { subject: "ring" })
    maker.make("new", undefined, CA, { subject: "ring", keyOf: "old", between: ["20250101000000Z", "20550101000000Z"] })
    maker.make("young", "new", LEAF, { between: ["20250101000000Z", "20500101000000Z"] })
    maker.make("alone", undefined, LEAF)
    const past: [string, string] = ["20100101000000Z", "20110101000000Z"]
    maker.make("expired", "middle", LEAF, { between: past })
    maker.make("future", "middle", LEAF, { between: ["20480101000000Z", "20491231000000Z"] })
    maker.make("expired-ca", "root", CA, { between: past })
    leaf("under-expired", "expired-ca")
    maker.make("clients-ca", "root", [...CA, "extendedKeyUsage=clientAuth"])
    leaf("under-clients", "clients-ca")
    maker.make("short-path", "root", ["basicConstraints=critical,CA:true,pathlen:0", CA_KEY])
    leaf("under-short", "short-path")
    maker.make("below-short", "short-path", CA)
    leaf("too-deep", "below-short")
    maker.make("critical", "middle", [...LEAF, "1.2.3.4.5=critical,ASN1:NULL"])
    maker.make("critical-ca", "root", [...CA, "1.2.3.4.5=critical,ASN1:NULL"])
    leaf("under-critical", "critical-ca")
    maker.make("odd", "middle", [...LEAF, "1.2.3.4.5=ASN1:NULL"])
    maker.change("changed", "leaf", (der) => {
        der[der.length - 1] ^= 1
        return der
    })
    maker.change("cut", "leaf", (der) => der.subarray(0, 200))
    maker.make("ca2", "root", CA)
    maker.make("ca3", "ca2", CA)
    maker.make("ca4", "ca3", CA)
    leaf("deep", "ca4")
    maker.make("rsa-ca", "root", CA, { key: ["rsa:2048"] })
    maker.make("rsa", "rsa-ca", LEAF, { key: ["rsa:2048"] })
    const p384: [string, string] = ["ec", "ec_paramgen_curve:P-384"]
    maker.make("p384-ca", "root", CA, { key: p384, hash: "-sha384" })
    maker.make("p384", "p384-ca", LEAF, { key: p384, hash: "-sha384" })
    maker.make("named-ca", "root", [
        ...CA,
        "nameConstraints=critical,permitted;DNS:example,permitted;IP:0.0.0.0/0.0.0.0",
    ])
    maker.make("under-named", "named-ca", ["subjectAltName=DNS:sensor.example", SIGNS, SERVER])
    maker.make("others-ca", "root", [...CA, "nameConstraints=critical,permitted;DNS:other.example"])
    leaf("under-others", "others-ca")
    maker.make("lax-ca", "root", [...CA, "nameConstraints=permitted;DNS:other.example"])
    leaf("under-lax", "lax-ca")
    maker.make("plain", "root", [CA_KEY])
    leaf("under-plain", "plain")
    maker.make("unsigning-ca", "root", ["basicConstraints=critical,CA:true", "keyUsage=critical,digitalSignature"])
    leaf("under-unsigning", "unsigning-ca")
}

const target = join(root, "test/certificates/chains")
const maker = new CertificateMaker()
makeCertificates(maker)
rmSync(target, { recursive: true, force: true })
mkdirSync(target)
for (const file of readdirSync(maker.folder))
    if (file.endsWith(".der")) copyFileSync(join(maker.folder, file), join(target, file))
