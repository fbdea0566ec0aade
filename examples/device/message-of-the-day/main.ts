/* Asks a web server for a line of text, sends it to a DTLS server that echoes, and prints what comes back. */
import * as ds from "@devicescript/core"
import { setting } from "mote-dtls/device"
import { readMessage } from "./web.js"
import { sendEach } from "./send.js"

const host = setting("host", "127.0.0.1")
const message = await readMessage("http://" + host + ":" + setting("web", "8080") + "/message")
for (const answer of await sendEach(host, parseInt(setting("port", "4433")), message.split(" "))) console.log(answer)
ds.restart()
