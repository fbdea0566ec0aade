import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { Simulation } from "mote-dtls/testing"

describe("the sensor", function () {
    this.timeout(120000) // the first run compiles the program
    let simulation: Simulation

    beforeEach(async () => {
        simulation = await Simulation.start()
        simulation.i2c.sht4x.setClimate(21.5, 40)
    })
    afterEach(() => simulation.stop())

    it("posts temperature, humidity and uptime each minute", async () => {
        const { readings } = await simulation.nextSample()
        deepStrictEqual(
            readings.map(({ name, unit }) => [name, unit]),
            [
                ["temperature", "Cel"],
                ["humidity", "%RH"],
                ["uptime", "s"],
            ],
        )
        ok(Math.abs(readings[0].value - 21.5) < 0.01)
        const begun = simulation.clock.now()
        await simulation.nextSample()
        strictEqual(Math.round((simulation.clock.now() - begun) / 1000), 60)
    })

    it("keeps what it measures while the link is down, and posts it later", async () => {
        await simulation.nextSample()
        simulation.link.loss = 1
        await simulation.advance(180000)
        strictEqual(simulation.samples.length, 1)
        simulation.link.loss = 0
        for (let count = 0; count < 3; count++) await simulation.nextSample()
    })
})
