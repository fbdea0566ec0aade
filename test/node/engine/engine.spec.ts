import { strictEqual } from "node:assert/strict"
import { NodeServices } from "../../../src/platform/node/services.js"
import { engineTests } from "../../engine/all.js"

const services = new NodeServices()

engineTests({
    describe: (name, body) => {
        describe(`${name} (in Node)`, body)
    },
    test: (name, body) => {
        it(name, body)
    },
    equal: strictEqual,
    services,
    crypto: services.crypto,
})
