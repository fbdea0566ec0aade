import { AlertDescription, ExtensionType } from "../wire/code-points.js"
import { writeServerName } from "../wire/server-name.js"
import { type HelloExtension } from "./hello-extension.js"

const DOT = 46
const DIGIT_0 = 48
const DIGIT_9 = 57

/**
 * The host name that a client requests (RFC 6066 §3), for servers with several certificates.
 * @devsWhenUsed
 */
class ServerName implements HelloExtension {
    type = ExtensionType.serverName

    constructor(private name: string) {}

    offer(): Buffer | undefined {
        return writeServerName(this.name)
    }

    /** A server that used the name answers with empty data. */
    accept(data: Buffer): AlertDescription {
        return data.length === 0 ? AlertDescription.none : AlertDescription.decodeError
    }

    select(): AlertDescription {
        return AlertDescription.none
    }

    answer(): Buffer | undefined {
        return undefined
    }
}

/**
 * Tells the server which host name is meant. @param name ASCII, 1 to 253 characters; not an IP address (RFC 6066 §3)
 */
export function serverName(name: string): () => HelloExtension {
    return () => new ServerName(name)
}

/** `serverName` if `host` is a name; nothing if it is an IP address. */
export function serverNameOf(host: string): (() => HelloExtension)[] {
    return isName(host) ? [serverName(host)] : []
}

/** An IP address contains a colon, or only digits after its last dot. */
function isName(host: string): boolean {
    if (host.indexOf(":") >= 0) return false
    for (let i = host.length - 1; i >= 0; i--) {
        const code = host.charCodeAt(i)
        if (code === DOT) return false
        if (code < DIGIT_0 || code > DIGIT_9) return true
    }
    return false
}
