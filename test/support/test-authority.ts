import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { TlsCertificate } from "../../src/gio/tls-certificate.js"
import { TlsDatabase } from "../../src/gio/tls-database.js"
import { type Services } from "../../src/platform/services.js"
import { CertificateMaker } from "../certificates/maker.js"

const CA = ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign"]
const SIGNS = "keyUsage=critical,digitalSignature"
const SERVER = ["subjectAltName=DNS:server.test,IP:127.0.0.1", SIGNS]

/** Two authorities and certificates from them, with keys: P-256, generated once for each process. */
export class TestAuthority {
    private static made: TestAuthority | undefined
    private readonly maker = new CertificateMaker()

    static get(): TestAuthority {
        return (this.made ??= new TestAuthority())
    }

    private constructor() {
        const { maker } = this
        maker.make("root", undefined, CA)
        maker.make("middle", "root", CA)
        maker.make("lower", "middle", CA)
        maker.make("lowest", "lower", CA)
        maker.make("server", "root", SERVER)
        maker.make("client", "root", ["subjectAltName=DNS:client.test", SIGNS])
        maker.make("under-middle", "middle", SERVER)
        maker.make("under-lower", "lower", SERVER)
        maker.make("under-lowest", "lowest", SERVER)
        maker.make("other-name", "root", ["subjectAltName=DNS:other.test", SIGNS])
        maker.make("for-clients", "root", [...SERVER, "extendedKeyUsage=clientAuth"])
        maker.make("expired", "root", SERVER, { between: ["20100101000000Z", "20110101000000Z"] })
        maker.make("future", "root", SERVER, { between: ["20480101000000Z", "20491231000000Z"] })
        maker.make("self", undefined, SERVER)
        maker.make("other-root", undefined, CA)
        maker.make("other-client", "other-root", ["subjectAltName=DNS:client.test", SIGNS])
        // Two authorities that certify each other: "ring-a" has the key and name of "ring".
        maker.make("ring", undefined, CA)
        maker.make("ring-b", "ring", CA)
        maker.make("ring-a", "ring-b", CA, { keyOf: "ring", subject: "ring" })
        maker.make("under-ring", "ring", SERVER)
        maker.make("rsa", "root", SERVER, { key: ["rsa:2048"] })
    }

    /** Path of a certificate or key in PEM. */
    file(name: string, kind: "pem" | "key"): string {
        return join(this.maker.folder, `${name}.${kind}`)
    }

    pem(...names: string[]): string {
        return names.map((name) => readFileSync(this.file(name, "pem"), "utf8")).join("")
    }

    key(name: string): string {
        return readFileSync(this.file(name, "key"), "utf8")
    }

    der(name: string): Buffer {
        return new X509Certificate(this.pem(name)).raw
    }

    /** With its key, and the issuers' certificates that are to be sent. */
    certificate(services: Services, name: string, ...issuers: string[]): TlsCertificate {
        return TlsCertificate.newFromPem(services, this.key(name) + this.pem(name, ...issuers))
    }

    database(services: Services, ...names: string[]): TlsDatabase {
        return TlsDatabase.newFromPem(services, this.pem(...names))
    }
}
