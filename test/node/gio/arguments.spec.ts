import { rejects, strictEqual, throws } from "node:assert/strict"
import { DtlsClientConnection } from "../../../src/gio/dtls-client-connection.js"
import { DtlsListener } from "../../../src/gio/dtls-listener.js"
import { TlsProtocolVersion } from "../../../src/gio/enums.js"
import { GError, IOErrorEnum } from "../../../src/gio/errors.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { newSettings } from "../../../src/gio/settings.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { connect, listen } from "../../../src/index.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { type UdpOptions, type UdpSocket } from "../../../src/platform/services.js"

import { into, opened, out } from "../../support/gio.js"

describe("wrong arguments get a typed error that names them", () => {
    const bad =
        (argument: string) =>
        (error: unknown): boolean =>
            error instanceof GError &&
            error.code === (IOErrorEnum.INVALID_ARGUMENT as number) &&
            error.argument === argument

    const badOption = (argument: string): object => ({ code: "ERR_DTLS_INVALID_ARGUMENT", argument })

    it("in every public method of a connection", async () => {
        const pair = await opened()
        // Plain JavaScript has no types, so it may pass these values.
        const client = pair.client as unknown as Record<string, (...args: unknown[]) => unknown>
        const noop = (): void => undefined
        const table: [string, unknown[], string][] = [
            ["receiveMessages", [undefined, 0, 0], "messages"],
            ["receiveMessages", [[{}], 0, 0], "messages"],
            ["receiveMessages", [[{ vectors: ["text"] }], 0, 0], "messages"],
            ["receiveMessages", [[], 2, 0], "flags"],
            ["receiveMessages", [[], 0, "soon"], "timeout"],
            ["receiveMessages", [[into()], 0, NaN], "timeout"],
            ["receiveMessages", [[into()], 0, 0, {}], "cancellable"],
            ["sendMessages", ["text", 0, 0], "messages"],
            ["sendMessages", [[null], 0, 0], "messages"],
            ["sendMessages", [[out("x")], 4, 0], "flags"],
            ["sendMessages", [[out("x")], 0, undefined], "timeout"],
            ["sendMessages", [[out("x")], 0, 0, 7], "cancellable"],
            ["conditionCheck", ["IN"], "condition"],
            ["conditionWait", [undefined, 0], "condition"],
            ["conditionWait", [1, "0"], "timeout"],
            ["conditionWait", [1, 0, "c"], "cancellable"],
            ["createSource", [null], "condition"],
            ["handshake", ["c"], "cancellable"],
            ["handshakeAsync", ["0", undefined, noop], "io_priority"],
            ["handshakeAsync", [0, undefined, undefined], "callback"],
            ["handshakeFinish", [{}], "result"],
            ["shutdown", [1, true], "shutdown_read"],
            ["shutdown", [true, "yes"], "shutdown_write"],
            ["shutdown", [true, true, 1], "cancellable"],
            ["shutdownAsync", [true, true, 0, undefined, 5], "callback"],
            ["shutdownFinish", [undefined], "result"],
            ["closeFinish", [5], "result"],
            ["setAdvertisedProtocols", ["coap"], "protocols"],
            ["setAdvertisedProtocols", [[""]], "protocols"],
            ["setAdvertisedProtocols", [["x".repeat(256)]], "protocols"],
            ["setRequireCloseNotify", [1], "require_close_notify"],
            ["connect", ["accept", noop], "signal"],
            ["connect", ["accept-certificate", 5], "handler"],
            ["exportKeyingMaterial", ["", undefined, 16], "label"],
            ["exportKeyingMaterial", ["client finished", undefined, 12], "label"],
            ["exportKeyingMaterial", ["server finished", undefined, 12], "label"],
            ["exportKeyingMaterial", ["master secret", undefined, 48], "label"],
            ["exportKeyingMaterial", ["extended master secret", undefined, 48], "label"],
            ["exportKeyingMaterial", ["key expansion", undefined, 40], "label"],
            ["exportKeyingMaterial", ["x", "context", 16], "context"],
            ["exportKeyingMaterial", ["x", Buffer.alloc(32769), 16], "context"],
            ["exportKeyingMaterial", ["x", undefined, 0], "length"],
            ["exportKeyingMaterial", ["x", undefined, 8161], "length"],
            ["exportKeyingMaterial", ["x", undefined, 1.5], "length"],
        ]
        for (const [method, args, argument] of table) {
            // Inside `then`, so that an exception becomes a rejection.
            const call = Promise.resolve().then(() => client[method].apply(pair.client, args))
            await rejects(call, bad(argument), `${method} ${argument}`)
        }
        throws(() => pair.client.createSource(1).setCallback(undefined as never), bad("callback"))
        strictEqual(await pair.client.sendMessages([out("usable")], 0, -1, null as never), 1)
        await pair.close()
    })

    it("in settings, keys, and the short way in and out", async () => {
        const services = new NodeServices()
        const usual = newSettings(
            allSuites(),
            new SinglePsk(Buffer.from("a"), Buffer.from("b")),
            wifi(),
            gatewayLimits(),
        )
        const base = await services.openUdp({ remote: undefined, localHost: "127.0.0.1", localPort: 0 })
        const table: [object, string][] = [
            [{ suites: [] }, "suites"],
            [{ suites: "x" }, "suites"],
            [{ suites: [5] }, "suites"],
            [{ credentials: {} }, "credentials"],
            [{ limits: 5 }, "limits"],
            [{ retransmission: {} }, "retransmission"],
            [{ pathBudget: 10 }, "pathBudget"],
            [{ pathBudget: NaN }, "pathBudget"],
            [{ keyLog: 5 }, "keyLog"],
        ]
        for (const [change, argument] of table) {
            const settings = { ...usual, ...change }
            throws(() => new DtlsClientConnection(services, base, settings, undefined), bad(argument))
            throws(() => new DtlsListener(services, base, settings), bad(argument))
            const psk = { identity: "a", key: Buffer.from("b") }
            await rejects(connect("127.0.0.1", 5684, { psk, ...change }), badOption(argument))
        }
        throws(() => new SinglePsk("a" as never, Buffer.alloc(1)), bad("identity"))
        throws(() => new SinglePsk(Buffer.alloc(1), "b" as never), bad("key"))
        const psk = { identity: "a", key: Buffer.from("b") }
        await rejects(connect("127.0.0.1", 5684, { psk: {} as never }), badOption("psk"))
        await rejects(connect("127.0.0.1", 70000, { psk }), badOption("port"))
        await rejects(listen("x" as never, { psk }), badOption("port"))
        await rejects(listen(0, { psk }, "localhost"), badOption("host"))
        base.close()
    })

    it("a key log that throws is dropped, and the handshake continues", async () => {
        const pair = await opened((settings) => {
            settings.keyLog = () => {
                throw new Error("disk full")
            }
        })
        strictEqual(pair.client.getProtocolVersion(), TlsProtocolVersion.DTLS_1_2)
        await pair.close()
    })

    it("in the UDP socket and the storage", async () => {
        const services = new NodeServices()
        const open = (options: Partial<UdpOptions>): Promise<UdpSocket> =>
            services.openUdp({ remote: undefined, localHost: undefined, localPort: 0, ...options })
        await rejects(open({ localPort: 70000 }), bad("localPort"))
        await rejects(open({ localHost: "localhost" }), bad("localHost"))
        await rejects(open({ remote: { address: "example", port: 1 } }), bad("remote"))
        await rejects(open({ remote: { address: "127.0.0.1", port: 0 } }), bad("remote"))
        const one = await open({ localHost: "127.0.0.1" })
        await rejects(open({ localHost: "127.0.0.1", localPort: one.localAddress().port }), {
            code: IOErrorEnum.ADDRESS_IN_USE,
        })
        await rejects(open({ localHost: "192.0.2.1" }), { code: IOErrorEnum.NOT_FOUND })
        // A forged datagram can have source port 0: answering it must fail with a GError, not an exception of
        // node:dgram.
        const nowhere = out("x")
        nowhere.address = { address: "127.0.0.1", port: 0 }
        await rejects(one.sendMessages([nowhere], 0, -1), bad("messages"))
        one.close()
        await rejects(services.resolve("no-such-host.invalid"), { code: IOErrorEnum.HOST_NOT_FOUND })
        await rejects(services.storage.save("../escape", Buffer.alloc(1)), bad("name"))
    })
})
