import { Association } from "../../src/dtls/association/association.js"
import { type DriverRole } from "../../src/dtls/association/handshake-driver.js"
import { type Output, OutputKind } from "../../src/dtls/association/output.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { IDENTITY } from "./simulation.js"

/** One side of a pair, and its outputs. */
export class PairSide {
    association: Association
    /** application messages, as text */
    messages: string[] = []
    sent: Buffer[] = []

    constructor(
        settings: AssociationSettings,
        role: DriverRole,
        private key: Buffer,
    ) {
        this.association = new Association(settings, role, 0, 0)
    }

    /** Carries out what the association asks for. @returns datagrams to send */
    drain(): Buffer[] {
        const datagrams: Buffer[] = []
        for (let output = this.association.poll(); output !== undefined; output = this.association.poll())
            this.act(output, datagrams)
        this.sent.push(...datagrams)
        return datagrams
    }

    private act(output: Output, datagrams: Buffer[]): void {
        if (output.kind === OutputKind.datagram) datagrams.push(output.data as Buffer)
        else if (output.kind === OutputKind.message) this.messages.push((output.data as Buffer).toString())
        else if (output.kind === OutputKind.question)
            this.association.answer({ identity: Buffer.from(IDENTITY), key: this.key }, 0)
    }
}

/** Client and server associations on a link without delay or loss, without cookies and endpoint. */
export class AssociationPair {
    constructor(
        public client: PairSide,
        public server: PairSide,
    ) {}

    connect(): void {
        this.server.association.begin(0)
        this.client.association.begin(0)
        this.exchange()
    }

    /** Delivers datagrams in both directions until no side has any. */
    exchange(): void {
        let toServer = this.client.drain()
        let toClient = this.server.drain()
        while (toServer.length + toClient.length > 0) {
            for (const datagram of toServer) this.server.association.receive(datagram, datagram.length, 0)
            for (const datagram of toClient) this.client.association.receive(datagram, datagram.length, 0)
            toServer = this.client.drain()
            toClient = this.server.drain()
        }
    }
}
