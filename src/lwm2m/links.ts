import { Lwm2mFormat } from "./formats.js"
import { type ObjectInstance } from "./resource.js"

/** What is said of an object by its own link: versions other than 1.0 (OMA LwM2M Core 1.1 §6.2.1). */
function objectLink(instance: ObjectInstance): string {
    const { object, version } = instance
    return "</" + object + ">" + (version === "1.0" ? "" : ";ver=" + version)
}

function instanceLink(instance: ObjectInstance): string {
    return "</" + instance.object + "/" + instance.instance + ">"
}

/**
 * What a client registers with (§6.2.1): where the objects are, the formats, and each instance, but of the Security object,
 * which no server may see. The attribute `ver` is no text and no whole number, so `writeLinkFormat` does not write it.
 */
export function registrationLinks(instances: ObjectInstance[]): string {
    const links = ['</>;rt="oma.lwm2m";ct="' + Lwm2mFormat.SENML_CBOR + " " + Lwm2mFormat.TLV + '"']
    let last = -1
    for (const instance of instances) {
        if (instance.object === 0) continue
        if (instance.object !== last && instance.version !== "1.0") links.push(objectLink(instance))
        last = instance.object
        links.push(instanceLink(instance))
    }
    return links.join(",")
}

/** The answer to Discover (§6.3.3). @param instances those that the path names @param path of an object, an instance or a resource */
export function objectLinks(instances: ObjectInstance[], path: number[]): string {
    const links: string[] = []
    if (path.length === 1) links.push(objectLink(instances[0]))
    for (const instance of instances) {
        const link = instanceLink(instance)
        if (path.length < 3) links.push(link)
        for (const resource of instance.resources)
            if (path.length < 3 || resource.id === path[2])
                links.push(link.slice(0, link.length - 1) + "/" + resource.id + ">")
    }
    return links.join(",")
}
