/* The environment of the suites in test/engine on a device: the official test package, and the services there. */
import * as ds from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { FiberSignal } from "../../src/platform/runtime/signal.js"
import { type Kit, type TestKeys, type TestServices } from "../kit.js"

export function deviceKit(services: TestServices, crypto: CryptoProvider, keys?: TestKeys): Kit {
    return {
        describe: (name, body) => describe(name, body),
        test: (name, body) =>
            test(name, async () => {
                // The official VM allows 131071 operations without a pause; the pause resets the count for each test.
                await ds.sleep(1)
                await body()
            }),
        equal: (actual, expected) => expect(actual).toBe(expected),
        services,
        crypto,
        keys,
    }
}

/** Services that use none of our machine's own natives. */
export function plainServices(): TestServices {
    return {
        newSignal: () => new FiberSignal(),
        spawn: (task: () => Promise<void>) => {
            task.start()
        },
        now: () => ds.millis(),
    }
}
