import { fetch } from "@devicescript/net"

/** The text at an address of the web. Throws Error when there is none. */
export async function readMessage(url: string): Promise<string> {
    const response = await fetch(url)
    if (!response.ok) throw new Error(url + ": " + response.status + " " + response.statusText)
    return (await response.text()).trim()
}
