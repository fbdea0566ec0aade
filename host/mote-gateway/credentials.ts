import { type GatewayPeer, isAtOrBelow } from "mote-dtls/gateway"
import { coapPathText } from "mote-dtls/coap"
import { type Answer, type Question, QuestionKind } from "mote-dtls/engine"
import { type Credentials } from "mote-dtls/gio"
import { type CredentialsConfig, type Rights } from "./config.js"
import { type Device, DeviceFiles } from "./devices.js"
import { DeviceLookup } from "./lookup.js"

/** What the configuration says of devices, as it was read. */
export interface DeviceSources {
    files: DeviceFiles
    lookup: DeviceLookup | undefined
    rights: Rights
}

/** Throws UsageError. */
export function readDeviceSources(credentials: CredentialsConfig, rights: Rights): DeviceSources {
    return { files: new DeviceFiles(credentials), lookup: DeviceLookup.of(credentials), rights }
}

/** Keys and rights of devices, replaced as a whole when the configuration changes. */
export class DeviceCredentials implements Credentials {
    /** own rights of devices that were looked up and are connected, by identity in hexadecimal */
    private lookedUp = new Map<string, Partial<Rights>>()

    constructor(private sources: DeviceSources) {}

    replace(sources: DeviceSources): void {
        this.sources = sources
    }

    async answer(question: Question): Promise<Answer | undefined> {
        if (question.kind !== QuestionKind.psk) return undefined
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

    /** Whether a connected device still has the key of its session, as far as files say so. */
    isRevoked({ identity }: GatewayPeer, before: DeviceSources): boolean {
        const key = identity.toString("hex")
        const { files, lookup } = this.sources
        const [was, is] = [before.files.devices.get(key), files.devices.get(key)]
        if (was === undefined) return false
        return is === undefined ? lookup === undefined : !is.psk.key.equals(was.psk.key)
    }

    mayUse({ identity }: GatewayPeer, path: string, isRead: boolean): boolean {
        const key = identity.toString("hex")
        const own = this.sources.files.devices.get(key)?.rights ?? this.lookedUp.get(key)
        const { read, write } = { ...this.sources.rights, ...own }
        const segment = coapPathText([identity.toString()]).slice(1)
        return (isRead ? read : write).some((root) => isAtOrBelow(path, root.replaceAll("{identity}", segment)))
    }
}
