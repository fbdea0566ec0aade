import { Lwm2mFormat } from "./formats.js"
import { type ObjectInstance } from "./resource.js"

/** The link of an object itself, which states versions other than 1.0 (OMA LwM2M Core 1.1 §6.2.1). */
function objectLink(instance: ObjectInstance): string {
    const { object, version } = instance
    return "</" + object + ">" + (version === "1.0" ? "" : ";ver=" + version)
}

function instanceLink(instance: ObjectInstance): string {
    return "</" + instance.object + "/" + instance.instance + ">"
}

/**
 * The links that a client registers with (§6.2.1): the root path, the formats, and all instances except that of the Security object, which
 * no server may access. The attribute `ver` is neither a text nor a whole number, so `writeLinkFormat` cannot write it.
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

/**
 * The answer to Discover (§6.3.3).
 * @param instances instances that the path names
 * @param path path of an object, an instance or a resource
 */
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
