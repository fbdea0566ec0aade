import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { type CertificateAnswer, type Question, QuestionKind } from "../../src/dtls/handshake/question.js"
import { AlertDescription, CertificateType } from "../../src/dtls/wire/code-points.js"
import { NodePrivateKey } from "../../src/platform/node/keys.js"
import { type Answers } from "../engine/keyed-simulation.js"

/** A side with a raw public key, and its answers to all questions. */
export class RawKeySide {
    readonly publicKey: Buffer
    private readonly key: KeyObject

    constructor(curve: "P-256" | "P-384" = "P-256") {
        const pair = generateKeyPairSync("ec", { namedCurve: curve })
        this.key = pair.privateKey
        this.publicKey = pair.publicKey.export({ format: "der", type: "spki" })
    }

    presents(): CertificateAnswer {
        return {
            type: CertificateType.rawPublicKey,
            certificates: [this.publicKey],
            key: new NodePrivateKey(this.key),
        }
    }

    /** Presents its key, and accepts only the pinned one. */
    answers(pinned: Buffer): Answers {
        return (question: Question) => {
            if (question.kind === QuestionKind.certificate) return this.presents()
            if (question.kind !== QuestionKind.peerCertificate) return undefined
            const [publicKey] = question.certificates
            const known = publicKey?.equals(pinned) === true
            return { alert: known ? AlertDescription.none : AlertDescription.unknownCa, publicKey: pinned }
        }
    }
}
