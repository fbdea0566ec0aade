/* node --import tsx examples/saved.ts: the second connection goes on with the association of the first, without a handshake. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect, FolderStore, listen } from "../src/index.js"

const psk = { identity: "device", key: Buffer.from("00112233445566778899aabbccddeeff", "hex") }
const folder = mkdtempSync(join(tmpdir(), "saved-"))
const save = { store: new FolderStore(folder), key: Buffer.from("ffeeddccbbaa99887766554433221100", "hex") }

const server = await listen(0, { psk, connectionId: 8 }, "127.0.0.1")

const first = await connect("127.0.0.1", server.port, { psk, connectionId: 0, save })
await first.suspend() // as at the end of the program

const second = await connect("127.0.0.1", server.port, { psk, connectionId: 0, save })
await second.send("21.5")
console.log(first.isRestored(), second.isRestored(), String(await (await server.accept()).receive()))
await second.close()
await server.close()
rmSync(folder, { recursive: true })
