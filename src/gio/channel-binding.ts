import { type Association } from "../dtls/association/association.js"
import { TlsChannelBindingType } from "./enums.js"
import { ErrorDomain, GError, TlsChannelBindingError } from "./errors.js"

/** Channel bindings (RFC 5929, RFC 9266). */
export function channelBinding(association: Association | undefined, type: TlsChannelBindingType): Buffer {
    if (association === undefined || !association.parameters.complete)
        throw bindingError(
            TlsChannelBindingError.INVALID_STATE,
            "Handshake is not finished, no channel binding information yet",
        )
    const own = type === TlsChannelBindingType.UNIQUE || type === TlsChannelBindingType.EXPORTER
    // Without it two connections can be made to have the same binding (RFC 7627 §1, RFC 9266 §2).
    if (own && !association.parameters.extendedMasterSecret)
        throw bindingError(TlsChannelBindingError.NOT_AVAILABLE, "It needs a connection with extended master secret")
    if (type === TlsChannelBindingType.UNIQUE) return Buffer.from(association.parameters.firstFinished)
    if (type === TlsChannelBindingType.EXPORTER) return exporterBinding(association)
    if (type === TlsChannelBindingType.SERVER_END_POINT)
        throw bindingError(TlsChannelBindingError.NOT_AVAILABLE, "The server has no certificate")
    throw bindingError(TlsChannelBindingError.NOT_IMPLEMENTED, "Requested channel binding type is not implemented")
}

function exporterBinding(association: Association): Buffer {
    const data = association.exportKeyingMaterial("EXPORTER-Channel-Binding", Buffer.alloc(0), 32)
    if (data === undefined) throw bindingError(TlsChannelBindingError.NOT_AVAILABLE, "It needs an open connection")
    return data
}

function bindingError(code: TlsChannelBindingError, message: string): GError {
    return new GError(ErrorDomain.channelBinding, code, message)
}
