import * as ds from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { type Services } from "../../src/platform/services.js"
import { FiberSignal } from "../../src/platform/runtime/signal.js"
import { engineTests } from "../engine/all.js"
import { VmCryptoProvider } from "./vm-crypto.js"

const services = {
    newSignal: () => new FiberSignal(),
    spawn: (task: () => Promise<void>) => {
        task.start()
    },
    now: () => ds.millis(),
} as unknown as Services

engineTests({
    describe: (name, body) => describe(name, body),
    test: (name, body) =>
        test(name, async () => {
            // The official VM allows 131071 opcodes without a pause: each test begins with a full measure.
            await ds.sleep(1)
            await body()
        }),
    equal: (actual, expected) => expect(actual).toBe(expected),
    services,
    crypto: new VmCryptoProvider(),
})
