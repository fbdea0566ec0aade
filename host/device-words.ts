import { IOErrorEnum } from "../src/gio/errors.js"
import { alertName } from "../src/platform/node/failure-text.js"
import { reasonText } from "./describe.js"

/** Devices say numbers, to keep their images small; people read words. */
const udpErrors: Record<number, string> = {
    [IOErrorEnum.NOT_FOUND]: "the device does not have that address: choose one of its own, or none",
    [IOErrorEnum.NO_SPACE]: "no socket or memory is left: close what is not needed",
    [IOErrorEnum.INVALID_ARGUMENT]: "no numeric address, or a port of 0: check the settings host and port",
    [IOErrorEnum.PERMISSION_DENIED]: "not allowed: check the port, and the firewall",
    [IOErrorEnum.NOT_SUPPORTED]: "this device cannot do that: check the kind of address",
    [IOErrorEnum.ADDRESS_IN_USE]: "the port is in use: choose another one",
    [IOErrorEnum.HOST_UNREACHABLE]: "no way to that host: check the address, and that it is up",
    [IOErrorEnum.NETWORK_UNREACHABLE]: "no way to that network: check the address, and the device's network",
    [IOErrorEnum.CONNECTION_REFUSED]: "nothing listens at that port: check address, port and the peer",
    [IOErrorEnum.MESSAGE_TOO_LARGE]: "the datagram is too large: send shorter messages",
}

/** A line of a device's log with what its numbers mean behind them. */
export function inWords(line: string): string {
    return line
        .replace(/\bDifferent keys\?(?! )/g, "Different keys? Check PSK identity and key")
        .replace(/(?<=^|: ): no such host(?!; check)/g, "the name of the host is empty; check the setting host")
        .replace(/: no such host(?!; check)/g, ": no such host; check the name and the network")
        .replace(/\bUDP error (\d+)/g, (whole, code: string) => {
            const meaning = udpErrors[Number(code)]
            return meaning === undefined ? whole : `${whole} (${meaning})`
        })
        .replace(/\bfailed, reason (\d+)/g, (whole, reason: string) => {
            const meaning = reasonText(Number(reason))
            return meaning === undefined ? whole : `${whole} (${meaning})`
        })
        .replace(/\bfatal alert, number (\d+)/g, (whole, alert: string) => {
            const name = alertName(Number(alert)).replace(/ \(\d+\)$/, "")
            return /^\d+$/.test(name) ? whole : `${whole} (${name})`
        })
}
