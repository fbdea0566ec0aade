import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

import org.eclipse.californium.elements.AddressEndpointContext;
import org.eclipse.californium.elements.RawData;
import org.eclipse.californium.elements.auth.RawPublicKeyIdentity;
import org.eclipse.californium.elements.config.CertificateAuthenticationMode;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.DTLSConnector;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.config.DtlsConfig.DtlsRole;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.californium.scandium.dtls.CertificateType;
import org.eclipse.californium.scandium.dtls.DTLSContext;
import org.eclipse.californium.scandium.dtls.Handshaker;
import org.eclipse.californium.scandium.dtls.MaxFragmentLengthExtension;
import org.eclipse.californium.scandium.dtls.SessionListener;
import org.eclipse.californium.scandium.dtls.cipher.CipherSuite;
import org.eclipse.californium.scandium.dtls.pskstore.AdvancedSinglePskStore;
import org.eclipse.californium.scandium.dtls.x509.SingleCertificateProvider;
import org.eclipse.californium.scandium.dtls.x509.StaticNewAdvancedCertificateVerifier;

/**
 * java Peer ROLE: an independent DTLS 1.2 peer for the interop cells, with a pre-shared key, certificates or raw public
 * keys.
 *
 * It sends each line of its standard input as one message and prints what it receives, a line per message.
 */
public class Peer implements SessionListener {
    private final Map<String, String> options = new HashMap<>();
    private final boolean isClient;
    private final DTLSConnector connector;
    /** The peer: where its newest message came from. */
    private volatile InetSocketAddress peer;
    private final CountDownLatch connected = new CountDownLatch(1);

    private Peer(String[] words) throws Exception {
        isClient = words[0].equals("client");
        for (int i = 1; i + 1 < words.length; i += 2) options.put(words[i], words[i + 1]);
        InetAddress host = InetAddress.getByAddress("server.test", new byte[] {127, 0, 0, 1});
        InetSocketAddress server = new InetSocketAddress(host, number("--port"));
        peer = isClient ? server : null;
        DtlsConnectorConfig.Builder builder = new DtlsConnectorConfig.Builder(configuration());
        builder.setAddress(isClient ? new InetSocketAddress(host, 0) : server);
        builder.setSessionListener(this);
        addCredentials(builder);
        connector = new DTLSConnector(builder.build());
        connector.setRawDataReceiver(this::receive);
        connector.setAlertHandler((from, alert) -> System.out.println("alert: " + alert));
    }

    private int number(String name) {
        return Integer.parseInt(options.get(name));
    }

    private Configuration configuration() {
        DtlsConfig.register();
        Configuration configuration = Configuration.createStandardWithoutFile();
        configuration.set(DtlsConfig.DTLS_ROLE, isClient ? DtlsRole.CLIENT_ONLY : DtlsRole.SERVER_ONLY);
        configuration.setAsList(DtlsConfig.DTLS_CIPHER_SUITES, CipherSuite.getTypeByName(options.get("--suite")));
        configuration.set(DtlsConfig.DTLS_RECOMMENDED_CIPHER_SUITES_ONLY, false);
        configuration.set(DtlsConfig.DTLS_RECEIVER_THREAD_COUNT, 1);
        configuration.set(DtlsConfig.DTLS_CONNECTOR_THREAD_COUNT, 1);
        configuration.set(DtlsConfig.DTLS_SUPPORT_KEY_MATERIAL_EXPORT, true);
        if (!isClient) configuration.set(DtlsConfig.DTLS_CLIENT_AUTHENTICATION_MODE, CertificateAuthenticationMode.NEEDED);
        if (options.containsKey("--cid")) configuration.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, number("--cid"));
        if (options.containsKey("--mtu")) configuration.set(DtlsConfig.DTLS_MAX_TRANSMISSION_UNIT, number("--mtu"));
        if (options.containsKey("--size")) configuration.set(DtlsConfig.DTLS_RECORD_SIZE_LIMIT, number("--size"));
        if (options.containsKey("--fragment"))
            configuration.set(DtlsConfig.DTLS_MAX_FRAGMENT_LENGTH, MaxFragmentLengthExtension.Length.BYTES_512);
        return configuration;
    }

    /** A pre-shared key, certificates or raw public keys. */
    private void addCredentials(DtlsConnectorConfig.Builder builder) throws Exception {
        if (options.containsKey("--key")) {
            byte[] key = HexFormat.of().parseHex(options.get("--key"));
            builder.setAdvancedPskStore(new AdvancedSinglePskStore(options.get("--identity"), key));
        }
        if (options.containsKey("--cert")) addCertificates(builder);
        if (options.containsKey("--raw")) addRawKeys(builder);
    }

    private void addCertificates(DtlsConnectorConfig.Builder builder) throws Exception {
        X509Certificate[] own = {certificate(options.get("--cert"))};
        PrivateKey key = privateKey(options.get("--cert-key"));
        builder.setCertificateIdentityProvider(new SingleCertificateProvider(key, own, CertificateType.X_509));
        builder.setAdvancedCertificateVerifier(StaticNewAdvancedCertificateVerifier.builder()
            .setTrustedCertificates(certificate(options.get("--ca"))).build());
    }

    private void addRawKeys(DtlsConnectorConfig.Builder builder) throws Exception {
        PrivateKey key = privateKey(options.get("--cert-key"));
        builder.setCertificateIdentityProvider(new SingleCertificateProvider(key, publicKey(options.get("--raw"))));
        builder.setAdvancedCertificateVerifier(StaticNewAdvancedCertificateVerifier.builder()
            .setTrustedRPKs(new RawPublicKeyIdentity(publicKey(options.get("--peer-raw")))).build());
    }

    private static X509Certificate certificate(String file) throws Exception {
        try (FileInputStream in = new FileInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    private static PrivateKey privateKey(String file) throws Exception {
        String text = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]+-----|\\s", "");
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
    }

    private static PublicKey publicKey(String file) throws Exception {
        return KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(Files.readAllBytes(Path.of(file))));
    }

    private void receive(RawData message) {
        peer = message.getInetSocketAddress();
        System.out.println("received: " + new String(message.getBytes(), StandardCharsets.UTF_8));
    }

    private void send(String line) {
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        connector.send(RawData.outbound(bytes, new AddressEndpointContext(peer), null, false));
    }

    private void export(DTLSContext context) {
        byte[] label = options.get("--export").getBytes(StandardCharsets.UTF_8);
        System.out.println("keying material: " + HexFormat.of().formatHex(context.exportKeyMaterial(label, null, 32)));
    }

    /** A client's handshake begins with its first message, which has nothing in it. */
    private void run() throws Exception {
        connector.start();
        if (isClient) {
            send("");
            connected.await();
        }
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) send(line);
        connector.destroy();
    }

    @Override
    public void handshakeStarted(Handshaker handshaker) {}

    @Override
    public void contextEstablished(Handshaker handshaker, DTLSContext context) {
        if (options.containsKey("--export")) export(context);
    }

    @Override
    public void handshakeCompleted(Handshaker handshaker) {
        System.out.println("connected");
        connected.countDown();
    }

    @Override
    public void handshakeFailed(Handshaker handshaker, Throwable error) {
        System.out.println("failed: " + error);
    }

    @Override
    public void handshakeFlightRetransmitted(Handshaker handshaker, int flight) {}

    public static void main(String[] words) throws Exception {
        new Peer(words).run();
    }
}
