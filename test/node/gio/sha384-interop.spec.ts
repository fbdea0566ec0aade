import { strictEqual } from "node:assert/strict"
import { type CipherSuite } from "../../../src/dtls/handshake/cipher-suite.js"
import { AuthenticationMode } from "../../../src/dtls/handshake/key-exchange.js"
import {
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
} from "../../../src/dtls/key-exchange/certificate-suites.js"
import { SignatureKind, x509Only } from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import { TLS_PSK_WITH_AES_256_GCM_SHA384 } from "../../../src/dtls/key-exchange/suites.js"
import { type Credentials, SinglePsk } from "../../../src/gio/credentials.js"
import { X509Credentials } from "../../../src/gio/x509-credentials.js"
import { NodeKeys } from "../../../src/platform/node/keys.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { freePort, isInstalled } from "../../interop/process.js"
import { needs } from "../../support/needs.js"
import { accepting, connecting, talk } from "../../support/other-stacks.js"
import { TestAuthority } from "../../support/test-authority.js"

const services = new NodeServices({ log: () => undefined })
const authority = TestAuthority.get()
const KEY = "000102030405060708090a0b0c0d0e0f"

/** A suite with both sides' credentials, as arguments for each program. */
interface Case {
    suite: CipherSuite
    ours: Credentials
    openssl: string
    opensslServer: string[]
    opensslClient: string[]
    gnutls: string
    gnutlsServer: string[]
}

function certified(suite: CipherSuite, name: string, kind: string): Case {
    const files = [authority.file(name, "pem"), authority.file(name, "key")]
    return {
        suite,
        ours: new X509Credentials(
            services,
            authority.certificate(services, name),
            authority.database(services, "root"),
        ),
        openssl: `ECDHE-${kind}-AES256-GCM-SHA384`,
        opensslServer: ["-cert", files[0], "-key", files[1]],
        opensslClient: ["-CAfile", authority.file("root", "pem")],
        gnutls: `ECDHE-${kind}`,
        gnutlsServer: ["--x509certfile", files[0], "--x509keyfile", files[1], "--disable-client-cert"],
    }
}

const exchange = (kind: SignatureKind): EcdheCertificateKeyExchange =>
    new EcdheCertificateKeyExchange(new NodeKeys(), kind, x509Only())

const cases: Case[] = [
    certified(TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384(exchange(SignatureKind.ecdsa)), "server", "ECDSA"),
    certified(TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384(exchange(SignatureKind.rsa)), "rsa", "RSA"),
    {
        suite: TLS_PSK_WITH_AES_256_GCM_SHA384(),
        ours: new SinglePsk(Buffer.from("sensor1"), Buffer.from(KEY, "hex")),
        openssl: "PSK-AES256-GCM-SHA384",
        opensslServer: ["-nocert", "-psk", KEY],
        opensslClient: ["-psk", KEY, "-psk_identity", "sensor1"],
        gnutls: "PSK",
        gnutlsServer: [],
    },
]

describe("suites with AES-256-GCM and SHA-384", function () {
    this.timeout(60000)

    for (const { suite, ours, openssl, opensslServer, opensslClient, gnutls, gnutlsServer } of cases) {
        it(`${suite.name}: our client with OpenSSL's server`, async () => {
            const port = await freePort()
            const command = [
                "openssl",
                "s_server",
                "-dtls1_2",
                "-accept",
                `127.0.0.1:${port}`,
                "-brief",
                "-cipher",
                openssl,
            ]
            await connecting(
                [...command, ...opensslServer],
                port,
                [suite],
                ours,
                async (connection, peer) => {
                    await talk(connection, peer, false)
                    strictEqual(connection.getCiphersuiteName(), suite.name)
                },
                "server.test",
            )
        })

        it(`${suite.name}: OpenSSL's client with our server`, () => {
            const command = (port: number): string[] => [
                ...["openssl", "s_client", "-dtls1_2", "-connect", `127.0.0.1:${port}`, "-brief", "-nocommands"],
                ...["-cipher", openssl, ...opensslClient],
            ]
            return accepting(command, [suite], ours, AuthenticationMode.none, (connection, peer) =>
                talk(connection, peer, false),
            )
        })

        if (gnutlsServer.length === 0) continue
        it(`${suite.name}: our client with GnuTLS's server`, async function () {
            needs(this, isInstalled("gnutls-serv") ? undefined : "gnutls-bin is not installed")
            const port = await freePort()
            const priority = `NONE:+VERS-DTLS1.2:+AES-256-GCM:+AEAD:+${gnutls}:+SIGN-ALL:+GROUP-ALL:+COMP-NULL`
            const command = ["gnutls-serv", "--udp", "--echo", "-p", `${port}`, "--priority", priority]
            await connecting(
                [...command, ...gnutlsServer],
                port,
                [suite],
                ours,
                (connection, peer) => talk(connection, peer, true),
                "server.test",
            )
        })

        it(`${suite.name}: GnuTLS's client with our server`, function () {
            needs(this, isInstalled("gnutls-cli") ? undefined : "gnutls-bin is not installed")
            const priority = `NONE:+VERS-DTLS1.2:+AES-256-GCM:+AEAD:+${gnutls}:+SIGN-ALL:+GROUP-ALL:+COMP-NULL`
            const trust = ["--x509cafile", authority.file("root", "pem"), "--verify-hostname=server.test"]
            const command = (port: number): string[] => [
                ...["gnutls-cli", "--udp", "-p", `${port}`, "--priority", priority, ...trust, "127.0.0.1"],
            ]
            return accepting(command, [suite], ours, AuthenticationMode.none, async (connection, peer) => {
                strictEqual(connection.getCiphersuiteName(), suite.name)
                await peer.expect("Simple Client Mode")
            })
        })
    }
})
