import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { clientRoleV13 } from "../../../../src/dtls/association/v13/roles.js"
import { newExchangeV13 } from "../../../../src/dtls/endpoint/v13/hello-exchange.js"
import { type AssociationSettings } from "../../../../src/dtls/handshake/settings.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../../src/dtls/handshake/v13/suites.js"
import { type Simulation } from "../../../engine/simulation.js"
import { simulate } from "../../../support/connected.js"

/** A simulation with DTLS 1.3 on both sides, whose settings a test may change first. */
export function simulateV13(change?: (client: AssociationSettings, server: AssociationSettings) => void): Simulation {
    return simulate(
        (client, server) => {
            client.suites = [TLS_AES_128_CCM_SHA256()]
            server.suites = [TLS_AES_128_CCM_SHA256()]
            change?.(client, server)
        },
        { clientRole: clientRoleV13, newExchange: newExchangeV13() },
    )
}

/** Whether both sides know that the handshake is complete: the client by the server's ACK. */
export function isSettled(s: Simulation): boolean {
    return [s.client, s.peer?.association].every(
        (side) => side?.phase === AssociationPhase.connected && side.snapshot().outboxBytes === 0,
    )
}
