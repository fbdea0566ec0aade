import { AlertDescription } from "../../wire/code-points.js"
import { type HelloExtension } from "../hello-extension.js"

/**
 * An extension without a place in hellos of DTLS 1.2; its class handles it in those of 1.3.
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
