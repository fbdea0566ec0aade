import { createPrivateKey, createPublicKey } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { CertificateMaker } from "../certificates/maker.js"

const SIGNS = "keyUsage=critical,digitalSignature"

/** The holders of P-256 key pairs and certificates: an authority, and two that it has certified. */
export type Party = "root" | "server" | "client"

/**
 * Kinds of files, in PEM except the last: the certificate, its private key, its public key, certificate and private key
 * in one file, a session, the public key in DER.
 */
export type PartyFile = "pem" | "key" | "pub" | "both" | "session" | "der"

/** The parties' files. Their names are fixed; the files are made when they are needed. */
class Parties {
    private maker = new CertificateMaker()
    private made = false

    file(party: Party, kind: PartyFile): string {
        return join(this.maker.folder, `${party}.${kind}`)
    }

    /** A file's content as text. */
    pem(party: Party, kind: PartyFile): string {
        this.make()
        return readFileSync(this.file(party, kind), "utf8")
    }

    /** SubjectPublicKeyInfo, DER. */
    publicKey(party: Party): Buffer {
        return this.publicKeyIn(this.pem(party, "pub"))
    }

    private publicKeyIn(pem: string | Buffer): Buffer {
        return createPublicKey(pem).export({ format: "der", type: "spki" })
    }

    make(): void {
        if (this.made) return
        this.made = true
        this.maker.make("root", undefined, ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign"])
        this.maker.make("server", "root", ["subjectAltName=DNS:server.test,IP:127.0.0.1", SIGNS])
        this.maker.make("client", "root", ["subjectAltName=DNS:client.test", SIGNS])
        for (const party of ["root", "server", "client"] as const) this.addForms(party)
    }

    private addForms(party: Party): void {
        const key = readFileSync(this.file(party, "key"), "utf8")
        const publicKey = createPublicKey(createPrivateKey(key)).export({ format: "pem", type: "spki" })
        writeFileSync(this.file(party, "pub"), publicKey)
        writeFileSync(this.file(party, "der"), this.publicKeyIn(publicKey))
        writeFileSync(this.file(party, "both"), key + readFileSync(this.file(party, "pem"), "utf8"))
    }
}

let parties: Parties | undefined

/** This process's parties. */
export function theParties(): Parties {
    return (parties ??= new Parties())
}
