import { copyOf } from "../../bytes/bytes.js"
import { type HashParameters } from "../../crypto/algorithms.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { type HelloExtension } from "../hello-extension.js"
import { type PskAnswer } from "../question.js"
import { KeyOffer, keysOf } from "./key-offer.js"
import { type ClientResumptionContextV13 } from "./resumption.js"

/**
 * Several external pre-shared keys in one hello, used as they are; the server selects the one that it knows.
 * @devsWhenUsed
 */
class SeveralPsks extends KeyOffer {
    override begin(h: ClientResumptionContextV13, psk: PskAnswer): number {
        for (const key of keysOf(psk)) this.addKey(key, key.identity, h.hash())
        return this.count()
    }

    override importKey(key: Buffer): Buffer {
        return copyOf(key, 0, key.length)
    }

    override externalOf(identity: Buffer, _target: HashParameters): Buffer | undefined {
        return identity
    }

    override bindingLabel(): string {
        return "ext binder"
    }
}

/**
 * For the `DtlsSettings.extensions` of a client of DTLS 1.3 or of both versions: its hello also offers the `others` of
 * a PskAnswer, in their order. `importedPsks` does this itself.
 */
export function severalPsks(): (crypto: CryptoProvider) => HelloExtension {
    return (crypto) => new SeveralPsks(crypto)
}
