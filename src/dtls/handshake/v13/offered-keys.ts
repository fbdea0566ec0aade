import { blit } from "../../bytes/bytes.js"
import { Writer } from "../../bytes/writer.js"
import { type ClientHello, writeClientHello } from "../../wire/client-hello.js"
import { PRE_SHARED_KEY } from "../../wire/v13/code-points.js"
import { unbound } from "./client.js"
import { type ClientResumptionContextV13, type OfferedKey } from "./resumption.js"

/** The body of a hello that offers these keys, each with its binder; if there are none, the extension is omitted. */
export function bindKeys(h: ClientResumptionContextV13, hello: ClientHello, keys: OfferedKey[]): Buffer {
    h.pskCount = keys.length
    if (keys.length === 0) return writeClientHello(hello)
    const kept = h.hash()
    const data = withoutBinders(keys)
    hello.extensions.push({ type: PRE_SHARED_KEY, data })
    const message = unbound(hello)
    let bindersLength = 2
    for (const key of keys) bindersLength += 1 + key.hash.length
    let at = data.length - bindersLength + 2
    for (const key of keys) {
        const { hash, early, label } = key
        h.useHash(hash)
        blit(data, at + 1, h.binder(early, label, message, bindersLength), 0, hash.length)
        at += 1 + hash.length
    }
    h.useHash(kept)
    return writeClientHello(hello)
}

/** OfferedPsks (RFC 8446 §4.2.11) with room for binders. */
function withoutBinders(keys: OfferedKey[]): Buffer {
    const writer = new Writer(256)
    const identities = writer.open(2)
    for (const key of keys) {
        writer.vector(key.identity, 2)
        writer.uint(key.age, 4)
    }
    writer.close(identities, 2)
    const binders = writer.open(2)
    for (const key of keys) writer.vector(Buffer.alloc(key.hash.length), 1)
    writer.close(binders, 2)
    return writer.finish()
}
