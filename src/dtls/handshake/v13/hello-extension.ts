import { AlertDescription } from "../../wire/code-points.js"
import { type HelloExtension } from "../hello-extension.js"

/**
 * An extension that hellos of DTLS 1.2 do not have: what hellos of 1.3 have of it is the class's own.
 * @devsWhenUsed
 */
export class HelloExtensionV13 implements HelloExtension {
    constructor(public type: number) {}

    offer(): Buffer | undefined {
        return undefined
    }

    accept(_data: Buffer): AlertDescription {
        return AlertDescription.unsupportedExtension
    }

    select(_data: Buffer): AlertDescription {
        return AlertDescription.none
    }

    answer(): Buffer | undefined {
        return undefined
    }
}
