import { type Hash } from "node:crypto"
import { type AeadParameters } from "../../src/dtls/crypto/algorithms.js"
import { type Aead, type Hmac } from "../../src/dtls/crypto/provider.js"
import { HashedSecret } from "../../src/dtls/crypto/v13/key-schedule.js"
import { type KeyPair } from "./key-pair.js"
import { type NativeCall } from "./native-call.js"
import { type Value } from "./machine-values.js"

/** Record states store handles in 16 bits. */
export const HIGHEST_HANDLE = 0x7fff

/** A running hash that can be copied at any time. */
export class RunningHash {
    constructor(private readonly hash: Hash) {}

    update(data: Buffer): void {
        this.hash.update(data)
    }

    clone(): RunningHash {
        return new RunningHash(this.hash.copy())
    }

    digest(): Buffer {
        return this.hash.digest()
    }

    close(): void {
        // node:crypto frees the hash with its object.
    }
}

/** The keys of one direction of one epoch of DTLS 1.3. */
export class RecordKeys {
    constructor(
        readonly secret: HashedSecret,
        readonly aead: AeadParameters,
    ) {}

    close(): void {
        this.secret.close()
    }
}

type Keyed = RunningHash | Hmac | Aead | KeyPair | HashedSecret | RecordKeys

/** Handles of one device's hashes, HMACs, AEADs and keys. */
export class Handles {
    private objects = new Map<number, Keyed>()
    private owners = new Map<number, Value>()
    private last = 0

    /** Numbers are used in turn, so that stale handles are detected. */
    add(object: Keyed): number {
        do this.last = (this.last % HIGHEST_HANDLE) + 1
        while (this.objects.has(this.last))
        this.objects.set(this.last, object)
        return this.last
    }

    private get(call: NativeCall, index: number, name: string, has: string): Keyed {
        const handle = call.integer(index, name, 1, HIGHEST_HANDLE)
        const object = this.objects.get(handle)
        if (object === undefined || !(has in object)) throw call.rangeError(name, "an open handle")
        return object
    }

    hash(call: NativeCall, index: number): RunningHash {
        return this.get(call, index, "hash", "digest") as RunningHash
    }

    hmac(call: NativeCall, index: number): Hmac {
        return this.get(call, index, "hmac", "sign") as Hmac
    }

    aead(call: NativeCall, index: number): Aead {
        return this.get(call, index, "aead", "seal") as Aead
    }

    wrapper(call: NativeCall, index: number): Aead {
        return this.get(call, index, "wrapper", "seal") as Aead
    }

    secret(call: NativeCall): HashedSecret {
        return this.get(call, 0, "secret", "deriveSecret") as HashedSecret
    }

    recordKeys(handle: number): RecordKeys | undefined {
        const object = this.objects.get(handle)
        return object instanceof RecordKeys ? object : undefined
    }

    key(call: NativeCall, index: number, kind: "agrees" | "signs" | "any"): KeyPair {
        const pair = this.get(call, index, "key", "publicKey") as KeyPair
        if (kind !== "any" && pair.signs !== (kind === "signs")) throw call.rangeError("key", `one that ${kind}`)
        return pair
    }

    byNumber(handle: number): Aead | undefined {
        const object = this.objects.get(handle)
        return object !== undefined && "seal" in object ? object : undefined
    }

    /** An AEAD, a key pair or a secret; undefined for anything else. */
    wrappable(handle: number): Aead | KeyPair | HashedSecret | undefined {
        const object = this.objects.get(handle)
        if (object instanceof HashedSecret) return object
        return object !== undefined && ("seal" in object || "publicKey" in object) ? object : undefined
    }

    own(call: NativeCall): number {
        const handle = call.integer(0, "handle", 1, HIGHEST_HANDLE)
        if (!this.objects.has(handle)) throw call.rangeError("handle", "an open handle")
        this.owners.set(handle, call.object(1, "owner"))
        return handle
    }

    collected(isAlive: (object: Value) => boolean): void {
        for (const [handle, owner] of this.owners) if (!isAlive(owner)) this.end(handle)
    }

    close(call: NativeCall, index: number): undefined {
        this.end(call.integer(index, "handle", 1, HIGHEST_HANDLE))
    }

    closeAll(): void {
        for (const handle of [...this.objects.keys()]) this.end(handle)
    }

    private end(handle: number): void {
        this.objects.get(handle)?.close()
        this.objects.delete(handle)
        this.owners.delete(handle)
    }
}
