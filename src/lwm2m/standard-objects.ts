import { constant, type ObjectInstance, type Resource, ValueKind } from "./resource.js"

/** What a server has set, and what it wants (the Server object, OMA LwM2M Core 1.1, appendix E.2). */
export interface ServerAccount {
    shortServerId: number
    /** of the registration, s */
    lifetime: number
    /** how long to stay away after Disable, s */
    disableTimeout: number
    /** notifications are kept while the server is away: none are, so this is only told */
    isStoring: boolean
    /** the server wants an update, or the lifetime is another one */
    isUpdateWanted: boolean
    isDisableWanted: boolean
}

/** @param lifetime s */
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

/** Of an object that there is once, by its definition in LwM2M 1.1. */
function onlyInstance(object: number, resources: Resource[]): ObjectInstance {
    return { object, instance: 0, version: "1.1", resources }
}

/** The Security object (appendix E.1) has the address and the key of a server, and shows nothing to anybody. */
export function securityObject(): ObjectInstance {
    return onlyInstance(0, [])
}

/** The Server object. @param woken called when the account is another one */
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
        // Over UDP, and no other one.
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

/** What the Device object tells (appendix E.4). */
export interface DeviceInformation {
    manufacturer: string
    modelNumber: string
    serialNumber: string
    firmwareVersion: string
}

/** The Device object. @param clock Unix seconds; undefined while unknown, and told as 0 @param reboot called when a server wants it */
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
        // Of error codes, 0 is none.
        constant(11, ValueKind.integer, [0]),
        { id: 13, kind: ValueKind.integer, read: async () => Math.floor(clock() ?? 0) },
        constant(16, ValueKind.text, "U"),
    ])
}

/** A temperature, with the extremes since the start or the last reset. */
export interface MeasuredTemperature {
    value: number
    minimum: number
    maximum: number
}

/** The Temperature object of IPSO (3303). @param wasReset called when a server has reset the extremes */
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
