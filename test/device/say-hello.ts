import { copyOf } from "../../src/dtls/bytes/bytes.js"
import { InputMessage, OutputMessage } from "../../src/gio/datagram-based.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"
import { errorText } from "../../src/gio/guarded.js"
import { LogLevel } from "../../src/gio/log-level.js"
import { type Services } from "../../src/platform/services.js"

const FOREVER = -1

/** The clients of the size profiles: perform the handshake, send "hello", log the answer or the error, and close. */
export async function sayHello(services: Services, connection: DtlsConnection): Promise<void> {
    try {
        await connection.handshake(undefined)
        await connection.sendMessages([new OutputMessage([Buffer.from("hello")])], 0, FOREVER)
        const message = new InputMessage([Buffer.alloc(100)])
        await connection.receiveMessages([message], 0, FOREVER)
        const answer = copyOf(message.vectors[0], 0, message.bytesReceived)
        services.log(LogLevel.info, "answer: " + answer.toString())
        await connection.close()
    } catch (error) {
        services.log(LogLevel.error, errorText(error))
    }
}
