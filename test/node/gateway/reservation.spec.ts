import { ok, strictEqual } from "node:assert/strict"
import { reserveNumbers, wantsReservation } from "../../../host/gateway/reservation.js"
import { AeadAlgorithm } from "../../../src/dtls/crypto/algorithms.js"
import { type Association } from "../../../src/dtls/association/association.js"
import { type DtlsConnection } from "../../../src/gio/dtls-connection.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { updateKeys, updatesOf } from "../../support/key-update.js"
import { eventually, KEY, RunningGateway, type TestDevice } from "../../support/running-gateway.js"

const RESERVE = { send: 8, receive: 4 }

const wrapper = new NodeServices().crypto.newAead(AeadAlgorithm.aes256Ccm, Buffer.alloc(32, 3))

describe("record numbers that a gateway reserves before it uses them", function () {
    this.timeout(30000)
    let gateway: RunningGateway
    let device: TestDevice
    let connection: DtlsConnection

    beforeEach(async () => {
        gateway = new RunningGateway()
        gateway.writeKeys()
        await gateway.start({})
        device = await gateway.connect({ psk: { identity: "one", key: Buffer.from(KEY, "hex") }, minVersion: "1.3" })
        strictEqual(await device.post("/t", "1"), "2.01")
        connection = gateway.service.listeners.peers()[0].connection
    })

    afterEach(async () => {
        await gateway.end()
    })

    const associationOf = (): Association => {
        const association = connection.getAssociation()
        ok(association !== undefined)
        return association
    }

    it("are the only usable ones while a connection is saved for the first time", async () => {
        const { record } = associationOf()
        const top = record.read?.top ?? 0
        const { commit } = reserveNumbers(connection, wrapper, RESERVE)
        for (let i = 0; i < 6; i++) await device.connection.send("no CoAP")
        await eventually("more than may be taken", () => (associationOf().savingWanted() ? true : undefined))
        strictEqual(record.read?.top, top + RESERVE.receive)
        strictEqual(commit(), true)
        ok(wantsReservation(connection, RESERVE))
        const next = reserveNumbers(connection, wrapper, RESERVE)
        strictEqual(next.commit(), true)
        await connection.takeHeld()
        strictEqual(record.read.top, top + 6)
        ok(!wantsReservation(connection, RESERVE))
    })

    it("are void when the peer has got new keys before the copy without them was safe", async () => {
        const { record } = associationOf()
        const first = reserveNumbers(connection, wrapper, RESERVE)
        updateKeys(device.connection.dtls)
        await device.connection.send("no CoAP")
        await eventually("the new keys", () => (associationOf().savingWanted() ? true : undefined))
        strictEqual(first.commit(), false)
        ok(record.isHeld())
        const second = reserveNumbers(connection, wrapper, RESERVE)
        strictEqual(second.commit(), true)
        await connection.takeHeld()
        await eventually("them", () => (updatesOf(device.connection.dtls) === 1 ? true : undefined))
        ok(!wantsReservation(connection, RESERVE), "none are reserved for new keys before their first record has come")
        await device.connection.send("no CoAP")
        await eventually("that record", () => (wantsReservation(connection, RESERVE) ? true : undefined))
    })
})
