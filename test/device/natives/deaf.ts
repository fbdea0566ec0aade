/* A socket still receives after a send has taken its pending error. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"

const socket = ds._moteUdpOpen("127.0.0.1", 0, "127.0.0.1", 9)
const peer = ds._moteUdpOpen("127.0.0.1", 0, "", 0)
ds._moteUdpOnReadable(socket, () => {})
// Nothing listens on port 9, so the answer is an ICMP error, which stays pending on the socket.
console.log("sent " + ds._moteUdpSend(socket, Buffer.alloc(3), "", 0))
await ds.sleep(50)
console.log("sent " + ds._moteUdpSend(socket, Buffer.alloc(3), "", 0))
await ds.sleep(50)
const target = Buffer.alloc(10)
console.log("then " + ds._moteUdpReceive(socket, target))
ds._moteUdpClose(socket)
const listener = ds._moteUdpOpen("127.0.0.1", 0, "", 0)
let heard = 0
ds._moteUdpOnReadable(listener, () => {
    heard++
    ds._moteUdpReceive(listener, target)
})
for (let i = 0; i < 3; i++) {
    ds._moteUdpSend(peer, Buffer.alloc(5), "127.0.0.1", ds._moteUdpPort(listener))
    await ds.sleep(20)
}
console.log("heard " + heard)
let what = "none"
try {
    ds._moteUdpOnReadable(listener, ds._moteFreeMemory as unknown as () => void)
} catch (e) {
    what = (e as Error).name
}
console.log("native callback: " + what)
try {
    ds._moteStorageSave("mote-slot-0", Buffer.alloc(6))
    what = "none"
} catch (e) {
    what = (e as Error).name
}
console.log("name of the firmware: " + what)
ds.restart()
