import { invalidArgument } from "./errors.js"
import { type DtlsSettings } from "./settings.js"

/** Throws INVALID_ARGUMENT, which names the setting. Needed because plain JavaScript can pass values of any type. */
export function checkSettings(settings: DtlsSettings): void {
    if (typeof settings !== "object" || settings === null) throw invalidArgument("settings", "newSettings() makes them")
    const { suites, credentials, extensions, retransmission, limits, pathBudget, keyLog } = settings
    if (!Array.isArray(suites) || suites.length === 0) throw invalidArgument("suites", "at least one")
    for (const suite of suites) {
        if (typeof suite !== "object" || typeof suite.id !== "number") throw invalidArgument("suites", "not a suite")
    }
    if (typeof credentials !== "object" || credentials === null || credentials.answer === undefined)
        throw invalidArgument("credentials", "they have an answer method")
    if (!Array.isArray(extensions)) throw invalidArgument("extensions", "an array of functions that make one each")
    if (typeof limits !== "object" || !(limits.inboxBytes > 0)) throw invalidArgument("limits", "not limits")
    const timing = typeof retransmission === "object" && retransmission.initial > 0 && retransmission.deadline > 0
    if (!timing) throw invalidArgument("retransmission", "not a profile")
    if (!(pathBudget >= 228 && pathBudget <= 16384)) throw invalidArgument("pathBudget", "228 to 16384 bytes")
    if (keyLog !== undefined && typeof keyLog !== "function") throw invalidArgument("keyLog", "a function, or none")
}
