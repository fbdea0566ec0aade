/* The targets for the protocol engine. */
import { clientTarget } from "./client.js"
import { cookieTarget } from "./cookie.js"
import { translatedTarget } from "./objects.js"
import { runTarget, targetName } from "./run.js"
import { serverTarget } from "./server.js"
import { type FuzzTarget } from "./target.js"

function targetOf(name: string): FuzzTarget | undefined {
    if (name === "client") return clientTarget()
    if (name === "server") return serverTarget()
    if (name === "cookie") return cookieTarget()
    return name === "translated" ? translatedTarget() : undefined
}

await runTarget(targetOf(targetName()))
