import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.CountDownLatch;

import org.eclipse.californium.core.CoapClient;
import org.eclipse.californium.core.CoapHandler;
import org.eclipse.californium.core.CoapResource;
import org.eclipse.californium.core.CoapResponse;
import org.eclipse.californium.core.CoapServer;
import org.eclipse.californium.core.coap.CoAP.ResponseCode;
import org.eclipse.californium.core.coap.MediaTypeRegistry;
import org.eclipse.californium.core.config.CoapConfig;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.core.observe.ObserveRelation;
import org.eclipse.californium.core.server.resources.CoapExchange;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.DTLSConnector;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.config.DtlsConfig.DtlsRole;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.californium.scandium.dtls.cipher.CipherSuite;
import org.eclipse.californium.scandium.dtls.pskstore.AdvancedSinglePskStore;

/**
 * java Peer ROLE --port N --identity TEXT --key HEX: an independent CoAP endpoint over DTLS for the interop cells.
 *
 * As server: /time changes every 100 ms, and /big keeps what is put there. As client: puts a body of --bytes bytes to /big, gets it
 * back, and observes it until it has received --count changes. Prints a line for each result.
 */
public class Peer {
    private final Map<String, String> options = new HashMap<>();

    private Peer(String[] words) {
        for (int i = 1; i + 1 < words.length; i += 2) options.put(words[i], words[i + 1]);
    }

    private int number(String name) {
        return Integer.parseInt(options.get(name));
    }

    private CoapEndpoint endpoint(boolean isClient) throws Exception {
        DtlsConfig.register();
        CoapConfig.register();
        Configuration configuration = Configuration.createStandardWithoutFile();
        configuration.set(DtlsConfig.DTLS_ROLE, isClient ? DtlsRole.CLIENT_ONLY : DtlsRole.SERVER_ONLY);
        configuration.setAsList(DtlsConfig.DTLS_CIPHER_SUITES, CipherSuite.TLS_PSK_WITH_AES_128_CCM_8);
        configuration.set(DtlsConfig.DTLS_RECEIVER_THREAD_COUNT, 1);
        configuration.set(DtlsConfig.DTLS_CONNECTOR_THREAD_COUNT, 1);
        configuration.set(CoapConfig.PREFERRED_BLOCK_SIZE, 1024);
        DtlsConnectorConfig.Builder builder = new DtlsConnectorConfig.Builder(configuration);
        InetAddress host = InetAddress.getByName("127.0.0.1");
        builder.setAddress(new InetSocketAddress(host, isClient ? 0 : number("--port")));
        byte[] key = HexFormat.of().parseHex(options.get("--key"));
        builder.setAdvancedPskStore(new AdvancedSinglePskStore(options.get("--identity"), key));
        DTLSConnector connector = new DTLSConnector(builder.build());
        return CoapEndpoint.builder().setConfiguration(configuration).setConnector(connector).build();
    }

    /** Changes every 100 ms, and counts its observers. */
    private static class Time extends CoapResource {
        private volatile int ticks = 0;

        Time() {
            super("time");
            setObservable(true);
            getAttributes().setObservable();
        }

        @Override
        public void handleGET(CoapExchange exchange) {
            exchange.respond("tick " + ticks);
        }

        private void tick() {
            ticks++;
            changed();
        }

        @Override
        public void addObserveRelation(ObserveRelation relation) {
            super.addObserveRelation(relation);
            System.out.println("observers: " + getObserverCount());
        }

        @Override
        public void removeObserveRelation(ObserveRelation relation) {
            super.removeObserveRelation(relation);
            System.out.println("observers: " + getObserverCount());
        }
    }

    /** Keeps the body of the last PUT. */
    private static class Kept extends CoapResource {
        private volatile byte[] content = {};

        Kept() {
            super("big");
        }

        @Override
        public void handlePUT(CoapExchange exchange) {
            content = exchange.getRequestPayload();
            exchange.respond(ResponseCode.CHANGED);
        }

        @Override
        public void handleGET(CoapExchange exchange) {
            exchange.respond(ResponseCode.CONTENT, content, MediaTypeRegistry.TEXT_PLAIN);
        }
    }

    private void serve() throws Exception {
        Time time = new Time();
        CoapServer server = new CoapServer(Configuration.createStandardWithoutFile());
        server.addEndpoint(endpoint(false));
        server.add(time, new Kept());
        server.start();
        System.out.println("listening");
        TimerTask tick = new TimerTask() {
            @Override
            public void run() {
                time.tick();
            }
        };
        new Timer().schedule(tick, 100, 100);
    }

    private void ask() throws Exception {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < number("--bytes"); i++) text.append((char) (32 + (i * 7 + (i >> 6)) % 90));
        CoapEndpoint endpoint = endpoint(true);
        endpoint.start();
        CoapClient client = new CoapClient("coaps://127.0.0.1:" + number("--port") + "/big");
        client.setEndpoint(endpoint).setTimeout(20000L);
        CoapResponse put = client.put(text.toString(), MediaTypeRegistry.TEXT_PLAIN);
        boolean isSame = client.get().getResponseText().equals(text.toString());
        System.out.println("put " + text.length() + " bytes: " + put.getCode() + ", got them back: " + (isSame ? "True" : "False"));
        observe(client);
        client.shutdown();
        endpoint.destroy();
    }

    private void observe(CoapClient client) throws Exception {
        CountDownLatch states = new CountDownLatch(1 + number("--count"));
        client.observe(new CoapHandler() {
            @Override
            public void onLoad(CoapResponse response) {
                System.out.println("state: " + response.getPayload().length + " bytes");
                states.countDown();
            }

            @Override
            public void onError() {
                System.out.println("error: it is told of nothing");
            }
        });
        states.await();
    }

    public static void main(String[] words) throws Exception {
        Peer peer = new Peer(words);
        if (words[0].equals("server")) peer.serve();
        else peer.ask();
    }
}
