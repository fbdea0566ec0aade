import { readdirSync } from "node:fs"
import { join } from "node:path"
import { keyWarnings, pskProperties, readPskFile, type Schema, secretFromHex, UsageError } from "mote-dtls/gateway"
import { type PskAnswer } from "mote-dtls/engine"
import { type CredentialsConfig, readChecked, type Rights } from "./config.js"

/** What the gateway knows of a device. */
export interface Device {
    /** undefined: it has a certificate or a raw public key, by whose hash it is known */
    psk: PskAnswer | undefined
    /** its own rights, as far as it has some */
    rights: Partial<Rights>
}

const paths: Schema = {
    type: "array",
    description: "paths at and below which the device may do that",
    items: { type: "string", pattern: "^/", description: "a path that begins with /" },
}

export const deviceSchema: Schema = {
    type: "object",
    additionalProperties: false,
    required: ["identity"],
    properties: {
        ...pskProperties,
        read: paths,
        write: paths,
    },
}

/** A device as JSON has it. */
export interface RawDevice {
    identity: string
    /** hexadecimal */
    key?: string
    read?: string[]
    write?: string[]
}

export function deviceOf({ identity, key, read, write }: RawDevice): Device {
    const rights = { ...(read && { read }), ...(write && { write }) }
    return { psk: key === undefined ? undefined : { identity: Buffer.from(identity), key: secretFromHex(key) }, rights }
}

/** The devices of a key file and a directory. */
export class DeviceFiles {
    /** by identity, hexadecimal */
    readonly devices = new Map<string, Device>()
    /** for the log; no key is in them */
    readonly warnings: string[] = []

    /** Throws UsageError with file, line and column. */
    constructor({ file, directory }: CredentialsConfig) {
        if (file !== undefined) this.addFile(file)
        if (directory !== undefined) for (const path of jsonFilesOf(directory)) this.addDevice(path)
    }

    private addFile(path: string): void {
        const keys = readPskFile(path, "credentials.file")
        this.warnings.push(...keyWarnings(keys, path))
        for (const psk of keys) this.add(psk.identity, { psk, rights: {} }, path)
    }

    private addDevice(path: string): void {
        const raw = readChecked(path, deviceSchema).value() as RawDevice
        const device = deviceOf(raw)
        if (device.psk !== undefined) this.warnings.push(...keyWarnings([device.psk], path))
        this.add(Buffer.from(raw.identity), device, path)
    }

    private add(identity: Buffer, device: Device, path: string): void {
        const key = identity.toString("hex")
        if (this.devices.has(key)) this.warnings.push(`${path} has an identity that is known already: it counts`)
        this.devices.set(key, device)
    }
}

function jsonFilesOf(directory: string): string[] {
    try {
        const names = readdirSync(directory).filter((name) => name.endsWith(".json"))
        return names.sort().map((name) => join(directory, name))
    } catch (error) {
        const { code = "error" } = error as NodeJS.ErrnoException
        throw new UsageError(`credentials.directory: cannot read ${directory} (${code})`)
    }
}
