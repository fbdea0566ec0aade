/* Common code of commands that work in one CoAPs session. */
import { type CoapParameters } from "../../src/coap/parameters.js"
import { type CoapUri } from "../../src/coap/uri.js"
import { Cancellable } from "../../src/gio/cancellable.js"
import { CoapsSession } from "../../src/sensor/session.js"
import { connectTo } from "./connecting.js"
import { type ConnectionOptions, settingsOf } from "./options.js"
import { type Reporter } from "./reporter.js"
import { onStop, wasStopped } from "./stopping.js"

/** The session of a command, from its options. */
interface SessionOptions {
    target: CoapUri
    reporter: Reporter
    options: ConnectionOptions
    parameters: CoapParameters
}

/** A command's work, until `stopping` is cancelled. @returns exit code */
type SessionWork = (session: CoapsSession, stopping: Cancellable) => Promise<number>

/** Opens a session, works in it and closes it, even if the command is stopped meanwhile. @returns exit code */
export async function inSession(session: SessionOptions, work: SessionWork): Promise<number> {
    const stopping = new Cancellable()
    const forget = onStop(() => stopping.cancel())
    try {
        return await openAndWork(session, work, stopping)
    } catch (error) {
        if (wasStopped()) return 0
        throw error
    } finally {
        forget()
    }
}

async function openAndWork(
    { target, reporter, options, parameters }: SessionOptions,
    work: SessionWork,
    stopping: Cancellable,
): Promise<number> {
    const settings = settingsOf(options, "client")
    const { connection, socket, handshakeTime } = await connectTo(target, {
        reporter,
        settings,
        options,
        stop: stopping,
    })
    const session = new CoapsSession(reporter.services, socket, connection, parameters, handshakeTime)
    try {
        return await work(session, stopping)
    } finally {
        await session.close()
    }
}
