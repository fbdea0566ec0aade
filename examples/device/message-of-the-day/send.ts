import { connect } from "mote-dtls/net"

/** ms */
const PATIENCE = 5000

/** Sends the words over DTLS, one datagram each. @returns the answers */
export async function sendEach(host: string, port: number, words: string[]): Promise<string[]> {
    const socket = await connect({ proto: "dtls", host, port })
    const answers: string[] = []
    for (const word of words) {
        await socket.send(word)
        const answer = await socket.recv(PATIENCE)
        answers.push(answer ? answer.toString() : "no answer")
    }
    await socket.close()
    return answers
}
