import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { ExtensionType } from "./code-points.js"
import { type Extension, findExtension } from "./extensions.js"

/** NameType host_name (RFC 6066 §3). */
const HOST_NAME = 0

/** Longest host name: labels of up to 63 letters, separated by dots. */
const MAX_NAME = 253

/** extension_data of server_name with one host name. */
export function writeServerName(name: string): Buffer {
    const writer = new Writer(name.length + 5)
    const opened = writer.open(2)
    writer.uint(HOST_NAME, 1)
    writer.vector(Buffer.from(name), 2)
    writer.close(opened, 2)
    return writer.finish()
}

/** The first host name; undefined if malformed or implausible. */
export function readServerName(data: Buffer): string | undefined {
    const reader = new Reader(data, 0, data.length)
    const list = reader.sub(2)
    const type = list.uint(1)
    const name = list.vector(2)
    if (list.failed || !reader.done() || type !== HOST_NAME || name.length === 0 || name.length > MAX_NAME)
        return undefined
    for (let i = 0; i < name.length; i++) {
        // Printable ASCII only: internationalized names are sent as A-labels.
        if (name[i] <= 32 || name[i] >= 127) return undefined
    }
    return name.toString()
}

/** The host name in a ClientHello's extensions; undefined: none. */
export function hostNameOf(extensions: Extension[]): string | undefined {
    const data = findExtension(extensions, ExtensionType.serverName)
    return data === undefined ? undefined : readServerName(data)
}
