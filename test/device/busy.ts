/* Receives as many datagrams as it can for two seconds, without being idle. */
import * as ds from "@devicescript/core"
import "../../src/platform/runtime/natives.js"

const socket = ds._moteUdpOpen("127.0.0.1", 0, "", 0)
const port = ds._moteUdpPort(socket)
const datagram = Buffer.alloc(20)
const end = ds.millis() + 2000
let count = 0
while (ds.millis() < end) {
    ds._moteUdpSend(socket, datagram, "127.0.0.1", port)
    if (ds._moteUdpReceive(socket, datagram) > 0) count++
}
console.log(count > 1000 ? "still here" : "few datagrams")
