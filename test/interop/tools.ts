import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { temporaryFolder } from "../../host/temporary.js"
import { IDENTITY, KEY, type SuiteNames } from "./cell.js"
import { versionOf } from "./process.js"

/* The command-line tools of OpenSSL and GnuTLS as peers with a pre-shared key. */

const PRIORITY = "NONE:+VERS-DTLS1.2:+MAC-ALL:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:%PROFILE_LOW:+PSK"

/** How to run a peer in one role. */
export interface PeerKind {
    peer: string
    version: string
    needs: string[]
    server: (port: number, suite: SuiteNames) => string[]
    client: (port: number, suite: SuiteNames) => string[]
    /** gnutls-serv sends nothing of its own, it only echoes */
    echoes: boolean
    /** output of its client when it is connected and accepts input */
    ready: string | undefined
}

function pskFile(): string {
    const path = join(temporaryFolder("interop"), "psk.txt")
    writeFileSync(path, `${IDENTITY}:${KEY}\n`)
    return path
}

export function openssl(): PeerKind {
    const psk = ["-psk", KEY]
    return {
        peer: "openssl",
        version: versionOf("openssl", "version"),
        needs: ["openssl"],
        server: (port, suite) => [
            ...["openssl", "s_server", "-dtls1_2", "-accept", `127.0.0.1:${port}`, "-nocert", ...psk],
            ...["-cipher", suite.openssl, "-brief"],
        ],
        client: (port, suite) => [
            ...["openssl", "s_client", "-dtls1_2", "-connect", `127.0.0.1:${port}`, ...psk, "-psk_identity", IDENTITY],
            ...["-cipher", suite.openssl, "-brief", "-nocommands"],
        ],
        echoes: false,
        ready: undefined,
    }
}

export function gnutls(): PeerKind {
    const file = pskFile()
    return {
        peer: "gnutls",
        version: versionOf("gnutls-cli", "--version"),
        needs: ["gnutls-cli", "gnutls-serv"],
        server: (port, suite) => [
            ...["gnutls-serv", "--udp", "-p", `${port}`, "--echo", "--pskpasswd", file],
            ...["--priority", `${PRIORITY}:+${suite.gnutls}`],
        ],
        client: (port, suite) => [
            ...["gnutls-cli", "--udp", "-p", `${port}`, "--priority", `${PRIORITY}:+${suite.gnutls}`],
            ...["--pskusername", IDENTITY, "--pskkey", KEY, "127.0.0.1"],
        ],
        echoes: true,
        ready: "Simple Client Mode",
    }
}
