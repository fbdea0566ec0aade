/* The targets for data formats and natives: a second program, because an image can have at most 64 KB of code. */
import { coapTarget } from "./coap.js"
import { linkFormatTarget } from "./link-format.js"
import { nativesTarget } from "./native-calls.js"
import { runTarget, targetName } from "./run.js"
import { senmlTarget } from "./senml.js"
import { type FuzzTarget } from "./target.js"
import { uriTarget } from "./uri.js"

function targetOf(name: string): FuzzTarget | undefined {
    if (name === "coap") return coapTarget()
    if (name === "cbor") return senmlTarget()
    if (name === "uri") return uriTarget()
    if (name === "link-format") return linkFormatTarget()
    return name === "natives" ? nativesTarget() : undefined
}

await runTarget(targetOf(targetName()))
