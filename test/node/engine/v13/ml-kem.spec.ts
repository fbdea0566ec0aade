import { ok, strictEqual } from "node:assert/strict"
import { createHash, createPrivateKey, createPublicKey } from "node:crypto"
import { type DecapsulationKey, type KeyEncapsulation } from "../../../../src/dtls/crypto/keys.js"
import { hasNodeKem, NodeEncapsulation, PackagedEncapsulation } from "../../../../src/platform/node/ml-kem.js"
import { MODULUS, withNumber } from "../../../support/encapsulation-key.js"
import {
    CIPHERTEXT,
    ENCAPSULATION_KEY_SHA256,
    SECRET,
    SECRET_OF_FORGED,
    SEED,
} from "../../../support/ml-kem-vectors.js"

/** DER of a private key in PKCS#8, without seed: id-alg-ml-kem-768. */
const PKCS8_PREFIX = Buffer.from("3054020100300b060960864801650304040204428040", "hex")

interface Implementation {
    kem: KeyEncapsulation
    /** makes the key pair of a seed */
    fromSeed: (seed: Buffer) => Promise<DecapsulationKey>
}

async function packaged(): Promise<Implementation> {
    const { ml_kem768: kem } = await import("@noble/post-quantum/ml-kem.js")
    return {
        kem: new PackagedEncapsulation(),
        fromSeed: (seed) => {
            const { publicKey, secretKey } = kem.keygen(seed)
            return Promise.resolve({
                encapsulationKey: Buffer.from(publicKey),
                decapsulate: (ciphertext) => Promise.resolve(Buffer.from(kem.decapsulate(ciphertext, secretKey))),
                close: () => undefined,
            })
        },
    }
}

function ofNode(): Implementation {
    const kem = new NodeEncapsulation()
    return {
        kem,
        fromSeed: (seed) => {
            const privateKey = createPrivateKey({
                key: Buffer.concat([PKCS8_PREFIX, seed]),
                format: "der",
                type: "pkcs8",
            })
            return Promise.resolve(kem.keyPairOf(createPublicKey(privateKey), privateKey))
        },
    }
}

describe("ML-KEM-768", () => {
    const there: [string, () => Promise<Implementation>][] = [["the package", packaged]]
    if (hasNodeKem()) there.push(["node:crypto", () => Promise.resolve(ofNode())])

    for (const [name, load] of there) {
        it(`of ${name} gives the known answers: key, secret, and the secret of a forged ciphertext`, async () => {
            const pair = await (await load()).fromSeed(SEED)
            const hash = createHash("sha256").update(pair.encapsulationKey).digest("hex")
            strictEqual(hash, ENCAPSULATION_KEY_SHA256)
            strictEqual((await pair.decapsulate(CIPHERTEXT)).toString("hex"), SECRET)
            const forged = Buffer.from(CIPHERTEXT)
            forged[forged.length - 1] ^= 1
            strictEqual((await pair.decapsulate(forged)).toString("hex"), SECRET_OF_FORGED)
        })

        it(`of ${name} accepts numbers below the modulus, and no others (FIPS 203 section 7.2)`, async () => {
            const { kem, fromSeed } = await load()
            const { encapsulationKey } = await fromSeed(SEED)
            for (const at of [0, 1, 383, 766, 767]) {
                ok((await kem.encapsulate(withNumber(encapsulationKey, at, MODULUS - 1))) !== undefined)
                for (const value of [MODULUS, 4095])
                    strictEqual(await kem.encapsulate(withNumber(encapsulationKey, at, value)), undefined)
            }
        })

        it(`of ${name} has another key pair each time, erased by close`, async () => {
            const { kem } = await load()
            const [one, other] = [await kem.newKeyPair(), await kem.newKeyPair()]
            ok(!one.encapsulationKey.equals(other.encapsulationKey))
            const made = await kem.encapsulate(one.encapsulationKey)
            ok((await one.decapsulate(made!.ciphertext)).equals(made!.secret))
            one.close()
            const afterwards = await one.decapsulate(made!.ciphertext).catch(() => Buffer.alloc(0))
            ok(!afterwards.equals(made!.secret))
        })
    }

    // Only since Node 24.7: npm run versions
    const itWithBoth = hasNodeKem() ? it : (): void => undefined
    itWithBoth("of node:crypto and of the package understand each other", async () => {
        const both = [new NodeEncapsulation(), new PackagedEncapsulation()]
        for (const [one, other] of [both, [...both].reverse()]) {
            const pair = await one.newKeyPair()
            const made = await other.encapsulate(pair.encapsulationKey)
            ok((await pair.decapsulate(made!.ciphertext)).equals(made!.secret))
        }
    })
})
