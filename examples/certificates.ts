/*
 * node --import tsx examples/certificates.ts: makes an authority and certificates for a gateway and a device, as
 * docs/certificates.md does on the command line; then each believes the other by the authority.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect, listen } from "../src/index.js"

const folder = mkdtempSync(join(tmpdir(), "mote-certificates-"))
const read = (file: string): Buffer => readFileSync(join(folder, file))

/** `npx mote-dtls keygen` where the package is installed. */
function keygen(...args: string[]): void {
    const command = ["--import", "./host/build/tsx.mjs", "host/cli/main.ts", "keygen", ...args, "--out", folder]
    execFileSync(process.execPath, command)
}

const authority = ["--ca", join(folder, "fleet-ca.pem"), "--ca-key", join(folder, "fleet-ca.key")]
keygen("ca", "fleet-ca")
keygen("cert", "gateway", "--use", "server", "--host", "127.0.0.1", ...authority)
keygen("cert", "sensor1", "--use", "client", ...authority)

const ca = read("fleet-ca.pem")
const own = (name: string): { cert: Buffer; key: Buffer } => ({ cert: read(`${name}.pem`), key: read(`${name}.key`) })
const server = await listen(0, { ca, ...own("gateway"), requestCert: true }, "127.0.0.1")
const client = await connect("127.0.0.1", server.port, { ca, ...own("sensor1"), timeout: 5000 })
await client.send("hello")

const accepted = await server.accept()
console.log(String(await accepted.receive()), "from", accepted.peerCertificate?.getSubjectName())

await client.close()
await server.close()
rmSync(folder, { recursive: true })
