/*
 * The natives' key pairs, for test/engine/key-workload.ts and its vectors: private keys are imported in wrapped form.
 */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { join } from "../../../src/dtls/bytes/bytes.js"
import { type Keys, type Pair } from "../../engine/key-workload.js"

class NativePair implements Pair {
    publicKey: Buffer

    constructor(private handle: number) {
        this.publicKey = ds._moteKeyPublic(handle)
    }

    agree(peer: Buffer): Buffer | undefined {
        return ds._moteKeyAgree(this.handle, peer)
    }

    sign(data: Buffer): Buffer {
        return ds._moteKeySign(this.handle, data)
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
    }
}

export class NativeKeys implements Keys {
    private wrapper = ds._moteAeadNew(3, Buffer.alloc(16))

    pair(group: number, secret: Buffer): Pair {
        const nonce = Buffer.alloc(12)
        const header = Buffer.alloc(16)
        header[0] = 1 // version
        header[1] = 2 // a key pair
        header[2] = group
        const wrapped = join([header, ds._moteAeadSeal(this.wrapper, nonce, header, secret)])
        return new NativePair(ds._moteCryptoUnwrap(wrapped, this.wrapper) as number)
    }

    verify(publicKey: Buffer, data: Buffer, signature: Buffer): boolean | undefined {
        return ds._moteKeyVerify(publicKey, data, signature)
    }
}
