/* What a device must keep to itself. Values never appear in messages. */
import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { type CertificateKinds, PSK_SETTING } from "../build/certificate-sources.js"
import { UsageError } from "../credentials.js"
import { certificateSettings } from "./device-certificates.js"
import { type DeviceConfig } from "./device-config.js"
import { JsonText } from "./json-text.js"
import { check, type Path, pathText, pskProperties, type Schema } from "./schema.js"

export interface DeviceCredentials {
    /** settings by which the device and its server know each other: identity and key, or key, certificates and pins */
    settings: Record<string, string>
    wifiPassword: string
}

/** What the file of credentials has. */
type Given = Record<"identity" | "key" | "wifiPassword", string | undefined>

const wifiPassword: Schema = { type: "string", maxLength: 63, description: "password of the network" }

const pskSchema: Schema = {
    type: "object",
    additionalProperties: false,
    required: ["identity", "key"],
    properties: { ...pskProperties, wifiPassword },
}

/** Beside certificates there is no pre-shared key, unless they say so. */
const certificateSchema: Schema = { type: "object", additionalProperties: false, properties: { wifiPassword } }

const ENVIRONMENT = { identity: "MOTE_IDENTITY", key: "MOTE_KEY", wifiPassword: "MOTE_WIFI_PASSWORD" }

function fromEnvironment({ properties = {} }: Schema): Record<string, string> {
    const found = Object.entries(ENVIRONMENT).map(([name, variable]) => [name, process.env[variable]])
    const known = found.filter(([name, value]) => value !== undefined && Object.hasOwn(properties, name ?? ""))
    return Object.fromEntries(known) as Record<string, string>
}

/** Throws UsageError for a file that git has. */
function checkNotCommitted(folder: string, file: string, better: string): void {
    const { status } = spawnSync("git", ["ls-files", "--error-unmatch", file], { cwd: folder, stdio: "ignore" })
    if (status === 0) throw new UsageError(`${file} is committed: git rm --cached ${file}, and ${better}`)
}

/** Throws UsageError that names the file, or the variable. */
function givenBy(source: string, folder: string, schema: Schema): Given {
    const environment = source === "environment"
    if (!environment) checkNotCommitted(folder, source, "make new keys")
    const file = environment ? undefined : JsonText.read(resolve(folder, source))
    const value = file === undefined ? fromEnvironment(schema) : file.value()
    const name = (path: Path): string =>
        file === undefined
            ? ENVIRONMENT[pathText(path) as keyof typeof ENVIRONMENT]
            : `${file.place(path)}: ${pathText(path)}`
    const flaws = check(value, schema)
    if (flaws.length > 0) throw new UsageError(flaws.map((flaw) => `${name(flaw.path)}: ${flaw.wanted}`).join("\n"))
    return value as Given
}

/** The pre-shared key of a device; with certificates only where they are beside one. @param key hexadecimal */
export function pskSettings(
    identity: string,
    key: string,
    certificates: CertificateKinds | undefined,
): Record<string, string> {
    if (certificates === undefined) return { identity, key }
    return certificates.hasPsk ? { identity, [PSK_SETTING]: key } : {}
}

/** Reads the files that the configuration names. Throws UsageError. */
export function loadCredentials({ credentials, certificates, folder }: DeviceConfig): DeviceCredentials {
    const schema = certificates === undefined || certificates.hasPsk ? pskSchema : certificateSchema
    const given = credentials === undefined ? undefined : givenBy(credentials, folder, schema)
    const { identity = "", key = "" } = given ?? {}
    if (certificates !== undefined) checkNotCommitted(folder, certificates.config.key, "make a new one")
    const publicKeys = certificates === undefined ? {} : certificateSettings(certificates, folder)
    const settings = { ...pskSettings(identity, key, certificates), ...publicKeys }
    return { settings, wifiPassword: given?.wifiPassword ?? "" }
}
