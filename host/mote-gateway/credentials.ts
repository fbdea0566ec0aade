import {
    type GatewayPeer,
    isAtOrBelow,
    NodeKeys,
    type PublicKeys,
    readCertificateFiles,
    type Versions,
} from "mote-dtls/gateway"
import { coapPathText } from "mote-dtls/coap"
import {
    allSuites,
    allSuitesV13,
    type Answer,
    type CipherSuite,
    keyShares,
    type Question,
    QuestionKind,
} from "mote-dtls/engine"
import { type AskingConnection, type Credentials, type DtlsSettings } from "mote-dtls/gio"
import { type GatewayConfig, hasSource, type Rights } from "./config.js"
import { type Device, DeviceFiles } from "./devices.js"
import { DeviceLookup } from "./lookup.js"

/** As in DtlsSettings. */
export type Extension = DtlsSettings["extensions"][number]

/** What the configuration says of devices, as it was read. */
export interface DeviceSources {
    files: DeviceFiles
    lookup: DeviceLookup | undefined
    /** undefined: pre-shared keys only */
    publicKeys: PublicKeys | undefined
    /** raw public keys that are believed, SHA-256 in lower-case hexadecimal: identities of their devices */
    pins: Set<string>
    rights: Rights
    /** that go with the credentials and the versions there are */
    suites: CipherSuite[]
    /** likewise */
    extensions: Extension[]
}

/** Throws UsageError. */
export function readDeviceSources(
    { credentials, certificates, rights }: GatewayConfig,
    versions: Versions,
): DeviceSources {
    const publicKeys =
        certificates && readCertificateFiles(certificates, "server", (option) => `certificates.${option}`)
    const older = [...(publicKeys?.suites ?? []), ...(hasSource(credentials) ? allSuites() : [])]
    const isNewer = versions.newest === "1.3"
    return {
        files: new DeviceFiles(credentials),
        lookup: DeviceLookup.of(credentials),
        publicKeys,
        pins: new Set(certificates?.rpkPin?.map((pin) => pin.toLowerCase())),
        rights,
        suites: [...(isNewer ? allSuitesV13() : []), ...(versions.oldest === "1.2" ? older : [])],
        extensions: isNewer
            ? [keyShares(new NodeKeys(), false), ...(publicKeys ? [publicKeys.authentication] : [])]
            : [],
    }
}

/** Keys and rights of devices, replaced as a whole when the configuration changes. */
export class DeviceCredentials implements Credentials {
    /** own rights of devices that were looked up and are connected, by identity in hexadecimal */
    private lookedUp = new Map<string, Partial<Rights>>()

    constructor(private sources: DeviceSources) {}

    replace(sources: DeviceSources): void {
        this.sources = sources
    }

    async answer(question: Question, connection: AskingConnection): Promise<Answer | undefined> {
        if (question.kind !== QuestionKind.psk)
            return await this.sources.publicKeys?.credentials.answer(question, connection)
        return (await this.find(question.identity))?.psk
    }

    private async find(identity: Buffer): Promise<Device | undefined> {
        const key = identity.toString("hex")
        const { files, lookup } = this.sources
        const known = files.devices.get(key)
        if (known !== undefined || lookup === undefined) return known
        const found = await lookup.find(identity)
        if (found !== undefined) this.lookedUp.set(key, found.rights)
        return found
    }

    /** The last session of that identity has ended. */
    forget(identity: Buffer): void {
        this.lookedUp.delete(identity.toString("hex"))
    }

    /** Whether a connected device has lost the key of its session, as far as files say so. */
    isRevoked({ identity, connection }: GatewayPeer, before: DeviceSources): boolean {
        if (connection.getPeerPublicKey() !== undefined) {
            const pin = identity.toString()
            return before.pins.has(pin) && !this.sources.pins.has(pin)
        }
        const key = identity.toString("hex")
        const { files, lookup } = this.sources
        const [was, is] = [before.files.devices.get(key), files.devices.get(key)]
        if (was?.psk === undefined) return false
        return is?.psk === undefined ? lookup === undefined : !is.psk.key.equals(was.psk.key)
    }

    mayUse({ identity }: GatewayPeer, path: string, isRead: boolean): boolean {
        const key = identity.toString("hex")
        const own = this.sources.files.devices.get(key)?.rights ?? this.lookedUp.get(key)
        const { read, write } = { ...this.sources.rights, ...own }
        const segment = coapPathText([identity.toString()]).slice(1)
        return (isRead ? read : write).some((root) => isAtOrBelow(path, root.replaceAll("{identity}", segment)))
    }
}
