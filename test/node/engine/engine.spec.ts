import { strictEqual } from "node:assert/strict"
import { NodeKeys } from "../../../src/platform/node/keys.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { addressTests, applicationTests, engineTests, sessionTests } from "../../engine/all.js"
import { type Kit } from "../../kit.js"

const services = new NodeServices()
const kit: Kit = {
    describe: (name, body) => {
        describe(`${name} (in Node)`, body)
    },
    test: (name, body) => {
        it(name, body)
    },
    equal: strictEqual,
    services,
    crypto: services.crypto,
    keys: { operations: new NodeKeys(), importPrivateKey: (der) => services.importPrivateKey(der) },
}

engineTests(kit)
addressTests(kit)
sessionTests(kit)
applicationTests(kit)
