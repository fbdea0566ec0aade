/*
 * npm run profile: records what Mote's functions do under load, for the setting `"translate": "hot"`: the workloads of
 * bench:rv32 in both versions, and the sensor with a gateway. All run in the simulator, so only Node is needed.
 */
import { writeFileSync } from "node:fs"
import { Command } from "commander"
import { PskStore } from "../credentials.js"
import { Gateway } from "../gateway/gateway.js"
import { MOTE_PROFILE, type Profile, profileText } from "../translate/profile.js"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { newSettings } from "../../src/gio/settings.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { recordProgram } from "./profiled-run.js"

const IDENTITY = "profile"
const KEY = Buffer.from("00112233445566778899aabbccddeeff", "hex")
const SAMPLES = 50

async function recordSensor(profile: Profile): Promise<void> {
    const psk = new PskStore([{ identity: Buffer.from(IDENTITY), key: KEY }])
    const settings = newSettings(allSuites(), psk, wifi(), gatewayLimits())
    const events = { connected: () => undefined, readings: () => undefined, ended: () => undefined }
    const local = { host: "127.0.0.1", port: 0 }
    const gateway = await Gateway.start(new NodeServices(), settings, local, events, (error) => {
        throw error
    })
    const port = String(gateway.localAddress().port)
    const sensor = {
        ...{ host: "127.0.0.1", port, identity: IDENTITY, key: KEY.toString("hex") },
        ...{ count: String(SAMPLES), interval: "10", name: "urn:mote:profile:" },
    }
    await recordProgram(profile, "src/sensor/main.ts", { settings: sensor })
    await gateway.close()
}

new Command("npm run profile")
    .description(`records which functions of Mote run how often, into ${MOTE_PROFILE}`)
    .allowExcessArguments(false)
    .showHelpAfterError()
    .parse()

const profile: Profile = {}
await recordProgram(profile, "test/device/bench/handshakes.ts", { settings: {} })
await recordProgram(profile, "test/device/bench/handshakes-v13.ts", { settings: {} })
await recordSensor(profile)
writeFileSync(MOTE_PROFILE, profileText(profile))
const functions = Object.values(profile).reduce((sum, file) => sum + Object.keys(file.functions).length, 0)
console.log(`${functions} functions of ${Object.keys(profile).length} files`)
process.exit()
