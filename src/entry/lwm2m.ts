/* mote-dtls/lwm2m: a client of OMA LwM2M 1.1 over CoAP and DTLS (docs/lwm2m.md), the same in Node and on a device. */
export { Lwm2mClient } from "../lwm2m/client.js"
export { Lwm2mFormat } from "../lwm2m/formats.js"
export { Lwm2mObjects } from "../lwm2m/objects.js"
export { Thermometer } from "../lwm2m/program.js"
export { constant, type ObjectInstance, type Resource, type ResourceValue, ValueKind } from "../lwm2m/resource.js"
export {
    type DeviceInformation,
    deviceObject,
    type MeasuredTemperature,
    newServerAccount,
    securityObject,
    type ServerAccount,
    serverObject,
    temperatureObject,
} from "../lwm2m/standard-objects.js"
