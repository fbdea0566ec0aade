import { hybridKeys } from "../../src/dtls/key-exchange/v13/hybrid-keys.js"
import { importPrivateKey, NodeKeys } from "../../src/platform/node/keys.js"
import { mlKem768 } from "../../src/platform/node/ml-kem.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { Connection } from "./engine/connection.js"
import { Sessions } from "./engine/sessions.js"
import { type Side } from "./engine/side.js"
import { type Flags } from "./flags.js"
import { connectToRunner } from "./framing.js"

const side: Side = {
    services: new NodeServices(),
    keys: new NodeKeys(),
    hybridKeys: () => hybridKeys(new NodeKeys(), mlKem768()),
    importKey: importPrivateKey,
}

/** Runs a test's connections in this process: the first, and those that may resume its session. */
export async function runInNode(connections: Flags[]): Promise<void> {
    const sessions = new Sessions(side)
    for (const [index, flags] of connections.entries()) {
        const connection = new Connection(side, flags, sessions, index > 0)
        const link = await connectToRunner(flags)
        try {
            await connection.run(link)
        } finally {
            await link.close()
        }
    }
}
