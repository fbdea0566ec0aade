import { cachedDeviceImage } from "./host/build/device.js"
import { buildBoard } from "./host/build/rv32.js"
import { run, meanOf, RECORDS } from "./bench/rv32-run.js"
const psk = await buildBoard("bench/mote", [], undefined, [])
const out: any = {}
for (const [n, p] of [["v12", "test/device/bench/handshakes.ts"], ["v13", "test/device/bench/handshakes-v13.ts"]]) {
    const speed = run(psk, cachedDeviceImage(p).path, { mode: "speed" })
    out[n] = ["send_client", "send_server", "receive_client", "receive_server"].map((k) => meanOf(speed, [k], RECORDS))
}
console.log(out)
const m = (v: number[]) => [(v[0] + v[1]) / 2, (v[2] + v[3]) / 2]
const [a, b] = [m(out.v12), m(out.v13)]
console.log("send", a[0], b[0], b[0] / a[0], "recv", a[1], b[1], b[1] / a[1])
