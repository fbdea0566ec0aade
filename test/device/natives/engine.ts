/* The engine's own tests on a device, with its cryptography. */
import * as ds from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { engineTests } from "../../engine/all.js"

const services = new RuntimeServices()

engineTests({
    describe: (name, body) => describe(name, body),
    test: (name, body) =>
        test(name, async () => {
            await ds.sleep(1)
            await body()
        }),
    equal: (actual, expected) => expect(actual).toBe(expected),
    services,
    crypto: services.crypto,
})
