import { constant, type ObjectInstance, type Resource, ValueKind } from "./resource.js"

/** The values that a server has set, and its pending requests (the Server object, OMA LwM2M Core 1.1, appendix E.2). */
export interface ServerAccount {
    shortServerId: number
    /** lifetime of the registration, s */
    lifetime: number
    /** how long to stay disconnected after Disable, s */
    disableTimeout: number
    /** whether to store notifications while the server is offline. The value is only reported: this client stores none */
    isStoring: boolean
    /** the server has requested an update of the registration, or the lifetime has changed */
    isUpdateWanted: boolean
    isDisableWanted: boolean
}

/** Makes the account of a server with default values. @param lifetime s */
export function newServerAccount(lifetime: number): ServerAccount {
    return {
        shortServerId: 1,
        lifetime,
        disableTimeout: 86400,
        isStoring: false,
        isUpdateWanted: false,
        isDisableWanted: false,
    }
}

/** Makes the only instance of an object that is defined in LwM2M 1.1. */
function onlyInstance(object: number, resources: Resource[]): ObjectInstance {
    return { object, instance: 0, version: "1.1", resources }
}

/** The Security object (appendix E.1), which stands for the address and the key of a server. It shows no resources. */
export function securityObject(): ObjectInstance {
    return onlyInstance(0, [])
}

/** The Server object. @param woken called after a change of the account */
export function serverObject(account: ServerAccount, woken: () => void): ObjectInstance {
    return onlyInstance(1, [
        constant(0, ValueKind.integer, account.shortServerId),
        lifetimeOf(account, woken),
        executable(4, () => {
            account.isDisableWanted = true
            woken()
        }),
        disableTimeoutOf(account),
        storingOf(account),
        // UDP is the only transport.
        constant(7, ValueKind.text, "U"),
        executable(8, () => {
            account.isUpdateWanted = true
            woken()
        }),
    ])
}

function lifetimeOf(account: ServerAccount, woken: () => void): Resource {
    return {
        id: 1,
        kind: ValueKind.integer,
        read: async () => account.lifetime,
        accepts: (value) => (value as number) > 0,
        write: async (value) => {
            account.lifetime = value as number
            account.isUpdateWanted = true
            woken()
        },
    }
}

function disableTimeoutOf(account: ServerAccount): Resource {
    return {
        id: 5,
        kind: ValueKind.integer,
        read: async () => account.disableTimeout,
        accepts: (value) => (value as number) >= 0,
        write: async (value) => {
            account.disableTimeout = value as number
        },
    }
}

function storingOf(account: ServerAccount): Resource {
    return {
        id: 6,
        kind: ValueKind.boolean,
        read: async () => account.isStoring,
        write: async (value) => {
            account.isStoring = value as boolean
        },
    }
}

function executable(id: number, act: () => void): Resource {
    return { id, kind: ValueKind.text, execute: async () => act() }
}

/** The information in the Device object (appendix E.4). */
export interface DeviceInformation {
    manufacturer: string
    modelNumber: string
    serialNumber: string
    firmwareVersion: string
}

/**
 * The Device object.
 * @param clock returns Unix seconds; undefined if the time is unknown, which is reported as 0
 * @param reboot called when a server requests a reboot
 */
export function deviceObject(
    information: DeviceInformation,
    clock: () => number | undefined,
    reboot: () => void,
): ObjectInstance {
    return onlyInstance(3, [
        constant(0, ValueKind.text, information.manufacturer),
        constant(1, ValueKind.text, information.modelNumber),
        constant(2, ValueKind.text, information.serialNumber),
        constant(3, ValueKind.text, information.firmwareVersion),
        executable(4, reboot),
        // Error code 0 means no error.
        constant(11, ValueKind.integer, [0]),
        { id: 13, kind: ValueKind.integer, read: async () => Math.floor(clock() ?? 0) },
        constant(16, ValueKind.text, "U"),
    ])
}

/** A temperature, with its minimum and maximum since the start or the last reset. */
export interface MeasuredTemperature {
    value: number
    minimum: number
    maximum: number
}

/** The IPSO Temperature object (3303). @param wasReset called when a server has reset minimum and maximum */
export function temperatureObject(measured: MeasuredTemperature, wasReset: () => void): ObjectInstance {
    return onlyInstance(3303, [
        { id: 5601, kind: ValueKind.float, read: async () => measured.minimum },
        { id: 5602, kind: ValueKind.float, read: async () => measured.maximum },
        executable(5605, () => {
            measured.minimum = measured.value
            measured.maximum = measured.value
            wasReset()
        }),
        { id: 5700, kind: ValueKind.float, read: async () => measured.value },
        constant(5701, ValueKind.text, "Cel"),
    ])
}
