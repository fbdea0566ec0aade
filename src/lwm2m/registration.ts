import { type CoapClient, type CoapRequest, newRequest } from "../coap/client.js"
import { CoapCode, CoapOption, codeText, ContentFormat } from "../coap/code-points.js"
import { type Option, textOption, uintOption } from "../coap/message.js"
import { type Cancellable } from "../gio/cancellable.js"

/** The name and the links that a client registers with. */
export interface RegistrationOptions {
    /** Endpoint Client Name; "": the server uses the DTLS identity (OMA LwM2M Transport 1.1 §5.2) */
    endpoint: string
    /** `registrationLinks` of the objects */
    links: string
}

/**
 * A client's registration with one server (OMA LwM2M Core 1.1 §6.2): Register, Update, De-register.
 * @devsWhenUsed
 */
export class Registration {
    /** path of the registration at the server, from Location-Path of its answer */
    private location: Option[] = []

    constructor(
        private client: CoapClient,
        private options: RegistrationOptions,
        private stopping: Cancellable,
    ) {}

    /** Registers the client. Throws Error if the server refuses, and the errors of `CoapClient.request`. @param lifetime s */
    async register(lifetime: number): Promise<void> {
        const { endpoint, links } = this.options
        const request = newRequest(CoapCode.POST)
        const { options } = request
        options.push(textOption(CoapOption.URI_PATH, "rd"))
        options.push(uintOption(CoapOption.CONTENT_FORMAT, ContentFormat.LINK_FORMAT))
        if (endpoint.length > 0) options.push(textOption(CoapOption.URI_QUERY, "ep=" + endpoint))
        for (const query of ["lt=" + lifetime, "lwm2m=1.1", "b=U"])
            options.push(textOption(CoapOption.URI_QUERY, query))
        request.payload = Buffer.from(links)
        const response = await this.client.request(request, this.stopping)
        if (response.code !== CoapCode.CREATED)
            throw new Error("The server refuses to register: " + codeText(response.code))
        this.location = response.options.filter((option) => option.number === CoapOption.LOCATION_PATH)
    }

    /** Updates the registration. @returns false if the server does not know the registration, so the client has to register again */
    async update(lifetime: number): Promise<boolean> {
        const request = this.requestFor(CoapCode.POST)
        request.options.push(textOption(CoapOption.URI_QUERY, "lt=" + lifetime))
        const response = await this.client.request(request, this.stopping)
        return response.code === CoapCode.CHANGED
    }

    async deregister(): Promise<void> {
        await this.client.request(this.requestFor(CoapCode.DELETE), this.stopping)
    }

    private requestFor(code: CoapCode): CoapRequest {
        const request = newRequest(code)
        request.options = this.location.map((option) => ({ number: CoapOption.URI_PATH, value: option.value }))
        return request
    }
}
