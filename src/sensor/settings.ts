/** A setting of the device, or its default. */
export type SettingSource = (name: string, fallback: string) => string
