import {
    createPrivateKey,
    createPublicKey,
    diffieHellman,
    ECDH,
    createECDH,
    generateKeyPairSync,
    type JsonWebKeyInput,
    type KeyObject,
    sign,
    verify as verifySignature,
} from "node:crypto"

import { type BareKey, WrappedKind } from "../../src/platform/node/wrap.js"

const SECP256R1 = 23
const X25519 = 29
const CURVE = "prime256v1"
/** First byte of a point with both coordinates (SEC 1 §2.3.3); OpenSSL would also accept the hybrid forms 6 and 7. */
const UNCOMPRESSED = 4

type Jwk = Extract<JsonWebKeyInput["key"], object>

const text = (bytes: Buffer): string => bytes.toString("base64url")

/** Converts a public key from its wire form; undefined if it is invalid. */
function publicKeyOf(group: number, bytes: Buffer): KeyObject | undefined {
    try {
        if (group === X25519)
            return createPublicKey({ key: { kty: "OKP", crv: "X25519", x: text(bytes) }, format: "jwk" })
        if (bytes[0] !== UNCOMPRESSED) return undefined
        // Throws if the point is not on the curve.
        const whole = ECDH.convertKey(bytes, CURVE, undefined, undefined, "uncompressed") as Buffer
        const key: Jwk = { kty: "EC", crv: "P-256", x: text(whole.subarray(1, 33)), y: text(whole.subarray(33)) }
        return createPublicKey({ key, format: "jwk" })
    } catch {
        return undefined // the only way that node:crypto reports it
    }
}

function wireForm(group: number, key: KeyObject): Buffer {
    const { x = "", y = "" } = key.export({ format: "jwk" })
    const parts = [Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]
    return group === X25519 ? parts[0] : Buffer.concat([Buffer.from([4]), ...parts])
}

/** A key pair of a simulated device, for key agreement or for signatures. */
export class KeyPair {
    private constructor(
        private group: number,
        private privateKey: KeyObject,
        readonly publicKey: Buffer,
        readonly signs: boolean,
    ) {}

    static hasGroup(group: number): boolean {
        return group === SECP256R1 || group === X25519
    }

    static generate(group: number): KeyPair {
        const pair = group === X25519 ? generateKeyPairSync("x25519") : generateKeyPairSync("ec", { namedCurve: CURVE })
        return new KeyPair(group, pair.privateKey, wireForm(group, pair.publicKey), false)
    }

    /** Imports a P-256 key for signatures; undefined if the number is out of range. */
    static import(bytes: Buffer): KeyPair | undefined {
        const ecdh = createECDH(CURVE)
        try {
            ecdh.setPrivateKey(bytes)
        } catch {
            return undefined
        }
        const whole = ecdh.getPublicKey()
        const [x, y] = [text(whole.subarray(1, 33)), text(whole.subarray(33))]
        const key: Jwk = { kty: "EC", crv: "P-256", x, y, d: text(bytes) }
        return new KeyPair(SECP256R1, createPrivateKey({ key, format: "jwk" }), whole, true)
    }

    /** Recreates the pair of `bare`; undefined if it is invalid. */
    static ofBare(group: number, secret: Buffer): KeyPair | undefined {
        if (group === 0) return KeyPair.import(secret)
        if (group === X25519) return KeyPair.ofX25519(secret)
        const pair = group === SECP256R1 ? KeyPair.import(secret) : undefined
        return pair && new KeyPair(SECP256R1, pair.privateKey, pair.publicKey, false)
    }

    private static ofX25519(secret: Buffer): KeyPair {
        const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), secret])
        const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" })
        return new KeyPair(X25519, privateKey, wireForm(X25519, createPublicKey(privateKey)), false)
    }

    /** The content of a wrapped key. */
    bare(): BareKey {
        const { d = "" } = this.privateKey.export({ format: "jwk" })
        const secret = Buffer.from(d, "base64url")
        return { kind: WrappedKind.keyPair, number: this.signs ? 0 : this.group, secret }
    }

    agree(peer: Buffer): Buffer | undefined {
        if (peer.length !== this.publicKey.length) return undefined
        const publicKey = publicKeyOf(this.group, peer)
        if (publicKey === undefined) return undefined
        try {
            return diffieHellman({ privateKey: this.privateKey, publicKey })
        } catch {
            return undefined // a point of small order
        }
    }

    /** ECDSA with SHA-256; returns r and s. */
    sign(data: Buffer): Buffer {
        return sign("sha256", data, { key: this.privateKey, dsaEncoding: "ieee-p1363" })
    }

    close(): void {
        // node:crypto erases the key with its object.
    }
}

/** Verifies ECDSA over P-256 with SHA-256; `signature` is r and s. */
export function verify(publicKey: Buffer, data: Buffer, signature: Buffer): boolean {
    const key = publicKeyOf(SECP256R1, publicKey)
    return key !== undefined && verifySignature("sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature)
}
