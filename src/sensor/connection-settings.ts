import { cellular, wifi } from "../dtls/flight/retransmission.js"
import { type DtlsSettings, newSettings } from "../gio/settings.js"
import { type Services } from "../platform/services.js"
import { configuredCredentials, configuredExtensions, configuredLimits, configuredSuites } from "./configured.js"
import { type SettingSource } from "./settings.js"

/** The settings for `configuredConnection`, from the configuration and the device's settings. */
export function configuredSettings(services: Services, setting: SettingSource): DtlsSettings {
    const profile = setting("profile", "wifi") === "cellular" ? cellular() : wifi()
    const credentials = configuredCredentials(services, setting)
    const settings = newSettings(configuredSuites(), credentials, profile, configuredLimits())
    settings.extensions = configuredExtensions(setting)
    return settings
}
