"""
python3 peer.py ROLE --port N --identity TEXT --key HEX: an independent CoAP endpoint over DTLS, by tinydtls, for the interop
cells.

As server: /time changes every 100 ms, and any other path keeps what is put there. As client: puts a body of --bytes bytes to
/big, gets it back, and observes it until it has been told of --count changes. Prints a line for what it has seen.
"""
import argparse
import asyncio
import os

os.environ["AIOCOAP_SERVER_TRANSPORT"] = "tinydtls_server"
os.environ["AIOCOAP_CLIENT_TRANSPORT"] = "tinydtls"

import aiocoap
from aiocoap import Code, Message, resource


class Time(resource.ObservableResource):
    ticks = 0

    def update_observation_count(self, count):
        print(f"observers: {count}", flush=True)

    async def tick(self):
        while True:
            await asyncio.sleep(0.1)
            self.ticks += 1
            self.updated_state()

    async def render_get(self, request):
        return Message(payload=f"tick {self.ticks}".encode())


class Kept(resource.Resource):
    content = b""

    async def render_put(self, request):
        self.content = request.payload
        return Message(code=Code.CHANGED)

    async def render_get(self, request):
        return Message(payload=self.content)


def credentials(options, place):
    psk = {"psk": {"hex": options.key}, "client-identity": {"ascii": options.identity}}
    return {place: {"dtls": psk}}


async def serve(options):
    site = resource.Site()
    time = Time()
    site.add_resource(["time"], time)
    site.add_resource(["big"], Kept())
    # aiocoap takes the port of plain CoAP and listens for DTLS at the next one.
    context = await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", options.port - 1))
    context.server_credentials.load_from_dict(credentials(options, ":peer"))
    print("listening", flush=True)
    await time.tick()


async def ask(options):
    context = await aiocoap.Context.create_client_context()
    base = f"coaps://127.0.0.1:{options.port}"
    context.client_credentials.load_from_dict(credentials(options, f"{base}/*"))
    body = bytes(32 + (i * 7 + (i >> 6)) % 90 for i in range(options.bytes))
    put = await context.request(Message(code=Code.PUT, uri=f"{base}/big", payload=body, content_format=0)).response
    got = await context.request(Message(code=Code.GET, uri=f"{base}/big")).response
    print(f"put {len(body)} bytes: {put.code.dotted}, got them back: {got.payload == body}", flush=True)
    await observe(context, f"{base}/big", options.count)
    await context.shutdown()


async def observe(context, uri, count):
    request = context.request(Message(code=Code.GET, uri=uri, observe=0))
    print(f"state: {len((await request.response).payload)} bytes", flush=True)
    async for notification in request.observation:
        print(f"state: {len(notification.payload)} bytes", flush=True)
        count -= 1
        if count == 0:
            return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["client", "server"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--identity", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--bytes", type=int, default=0)
    parser.add_argument("--count", type=int, default=0)
    options = parser.parse_args()
    asyncio.run(serve(options) if options.role == "server" else ask(options))


main()
