import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.model.ResourceModel;
import org.eclipse.leshan.core.model.ResourceModel.Operations;
import org.eclipse.leshan.core.model.ResourceModel.Type;
import org.eclipse.leshan.core.node.LwM2mNode;
import org.eclipse.leshan.core.node.LwM2mObject;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.LwM2mResourceInstance;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.observation.CompositeObservation;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.observation.SingleObservation;
import org.eclipse.leshan.core.request.CancelObservationRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.DiscoverRequest;
import org.eclipse.leshan.core.request.DownlinkRequest;
import org.eclipse.leshan.core.request.ExecuteRequest;
import org.eclipse.leshan.core.request.ObserveRequest;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.request.WriteRequest;
import org.eclipse.leshan.core.request.WriteRequest.Mode;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.core.response.ObserveCompositeResponse;
import org.eclipse.leshan.core.response.ObserveResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.californium.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.server.californium.endpoint.coaps.CoapsServerProtocolProvider;
import org.eclipse.leshan.server.model.VersionedModelProvider;
import org.eclipse.leshan.server.observation.ObservationListener;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.server.security.InMemorySecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;

/**
 * java Peer --port N --identity TEXT --key HEX: Leshan as LwM2M server of one client, which has the objects Security, Server,
 * Device and Temperature, for the interop cells.
 *
 * When the client has registered it asks for everything once, in the formats that there are, and prints a line of what came of
 * each.
 */
public class Peer implements RegistrationListener, ObservationListener {
    private static final ContentFormat[] FORMATS = {ContentFormat.TLV, ContentFormat.SENML_CBOR};

    private final Map<String, String> options = new TreeMap<>();
    private final LeshanServer server;
    /** Events of the listeners. */
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private volatile Registration registration;

    private Peer(String[] words) throws Exception {
        for (int i = 0; i + 1 < words.length; i += 2) options.put(words[i], words[i + 1]);
        InMemorySecurityStore store = new InMemorySecurityStore();
        String identity = options.get("--identity");
        store.add(SecurityInfo.newPreSharedKeyInfo(identity, identity, HexFormat.of().parseHex(options.get("--key"))));
        LeshanServerBuilder builder = new LeshanServerBuilder();
        builder.setSecurityStore(store);
        builder.setObjectModelProvider(new VersionedModelProvider(models()));
        builder.setEndpointsProviders(endpoints());
        server = builder.build();
        server.getRegistrationService().addListener(this);
        server.getObservationService().addListener(this);
    }

    private CaliforniumServerEndpointsProvider endpoints() {
        CaliforniumServerEndpointsProvider.Builder builder =
            new CaliforniumServerEndpointsProvider.Builder(new CoapsServerProtocolProvider());
        builder.setConfiguration((Configuration configuration) -> {
            configuration.set(DtlsConfig.DTLS_RECEIVER_THREAD_COUNT, 1);
            configuration.set(DtlsConfig.DTLS_CONNECTOR_THREAD_COUNT, 1);
        });
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", Integer.parseInt(options.get("--port")));
        builder.addEndpoint(address, Protocol.COAPS);
        return builder.build();
    }

    /** Leshan has the core objects' models; the Temperature object is one of IPSO. */
    private static List<ObjectModel> models() {
        List<ObjectModel> models = new ArrayList<>(ObjectLoader.loadAllDefault());
        models.add(new ObjectModel(3303, "Temperature", "", "1.1", true, false,
            resource(5601, Operations.R, Type.FLOAT), resource(5602, Operations.R, Type.FLOAT),
            resource(5605, Operations.E, Type.NONE), resource(5700, Operations.R, Type.FLOAT),
            resource(5701, Operations.R, Type.STRING)));
        return models;
    }

    private static ResourceModel resource(int id, Operations operations, Type type) {
        return new ResourceModel(id, "", operations, false, false, type, "", "", "");
    }

    private <T extends LwM2mResponse> T ask(DownlinkRequest<T> request) throws Exception {
        T response = server.send(registration, request, 10000);
        if (response == null) throw new IllegalStateException("no answer to " + request);
        return response;
    }

    /** A request's result: its code, or the value read. */
    private void tell(String what, LwM2mResponse response) {
        String read = response instanceof ReadResponse && response.isSuccess()
            ? textOf(((ReadResponse) response).getContent()) : response.getCode().toString();
        System.out.println(what + ": " + read + (response.getErrorMessage() == null ? "" : " " + response.getErrorMessage()));
    }

    private static String textOf(LwM2mNode node) {
        if (node instanceof LwM2mResource) return ((LwM2mResource) node).isMultiInstances()
            ? new TreeMap<>(((LwM2mResource) node).getInstances()).values().stream().map(one -> one.getValue()).toList().toString()
            : ((LwM2mResource) node).getValue().toString();
        if (node instanceof LwM2mResourceInstance) return ((LwM2mResourceInstance) node).getValue().toString();
        Map<Integer, String> parts = new TreeMap<>();
        if (node instanceof LwM2mObjectInstance)
            ((LwM2mObjectInstance) node).getResources().forEach((id, part) -> parts.put(id, textOf(part)));
        if (node instanceof LwM2mObject)
            ((LwM2mObject) node).getInstances().forEach((id, part) -> parts.put(id, textOf(part)));
        return parts.toString();
    }

    /** Waits for an event, and prints all that arrive before it. */
    private void await(String beginning) throws Exception {
        for (;;) {
            String next = heard.poll(20, TimeUnit.SECONDS);
            if (next == null) throw new IllegalStateException("nothing heard of: " + beginning);
            boolean isWanted = next.startsWith(beginning);
            // More notifications may arrive than were waited for, even one after the end of its observation.
            if (isWanted || !next.startsWith("notified")) System.out.println(next);
            if (isWanted) return;
        }
    }

    private void run() throws Exception {
        server.start();
        await("registered");
        for (ContentFormat format : FORMATS) read(format);
        read();
        observe();
        write();
        tell("update trigger", ask(new ExecuteRequest(1, 0, 8)));
        await("updated");
        tell("disable", ask(new ExecuteRequest(1, 0, 4)));
        await("unregistered");
        await("registered");
        tell("reboot", ask(new ExecuteRequest(3, 0, 4)));
        await("unregistered");
        System.out.println("done");
        System.exit(0);
    }

    private void read(ContentFormat format) throws Exception {
        String name = format.getName();
        for (String path : new String[] {"/1", "/3/0", "/3303/0", "/3303/0/5700", "/3/0/11", "/3/0/11/0"})
            tell(name + " " + path, ask(new ReadRequest(format, path)));
    }

    /** Reads in the format that either side prefers, and what is missing or not readable. */
    private void read() throws Exception {
        for (String path : new String[] {"/3/0/0", "/3303/0/5700", "/0/0", "/3303/1", "/3/0/9", "/3/0/4"})
            tell("read " + path, ask(new ReadRequest(path)));
        tell("text /3303/0/5700", ask(new ReadRequest(ContentFormat.TEXT, 3303, 0, 5700)));
        tell("json /3/0", ask(new ReadRequest(ContentFormat.SENML_JSON, 3, 0)));
        System.out.println("discover /3303: " + Arrays.toString(ask(new DiscoverRequest(3303)).getObjectLinks()));
    }

    private void observe() throws Exception {
        ObserveResponse response = ask(new ObserveRequest(ContentFormat.SENML_CBOR, 3303, 0, 5700));
        tell("observe /3303/0/5700", response);
        await("notified");
        await("notified");
        tell("cancel", ask(new CancelObservationRequest(response.getObservation())));
    }

    private void write() throws Exception {
        tell("text lifetime", ask(new WriteRequest(ContentFormat.TEXT, 1, 0, 1, 120)));
        await("updated");
        tell("tlv lifetime", ask(new WriteRequest(ContentFormat.TLV, 1, 0, 1, 240)));
        await("updated");
        for (ContentFormat format : FORMATS)
            tell(format.getName() + " server", ask(new WriteRequest(Mode.UPDATE, format, 1, 0,
                LwM2mSingleResource.newIntegerResource(5, 1), LwM2mSingleResource.newBooleanResource(6, true))));
        tell("read-only", ask(new WriteRequest(ContentFormat.TEXT, 3, 0, 0, "Other")));
        tell("read /1/0", ask(new ReadRequest(ContentFormat.TLV, 1, 0)));
    }

    @Override
    public void registered(Registration now, Registration before, Collection<Observation> observations) {
        registration = now;
        heard.add("registered: " + now.getEndpoint() + " for " + now.getLifeTimeInSec() + " s, LwM2M " + now.getLwM2mVersion()
            + ", objects " + new TreeMap<>(now.getSupportedObject()) + ", formats " + now.getSupportedContentFormats());
    }

    @Override
    public void updated(RegistrationUpdate update, Registration now, Registration before) {
        registration = now;
        heard.add("updated: " + now.getLifeTimeInSec() + " s");
    }

    @Override
    public void unregistered(Registration gone, Collection<Observation> observations, boolean expired, Registration now) {
        heard.add("unregistered: " + (expired ? "expired" : "by itself"));
    }

    @Override
    public void onResponse(SingleObservation observation, Registration from, ObserveResponse response) {
        heard.add("notified: " + observation.getPath() + " " + textOf(response.getContent()));
    }

    @Override
    public void onResponse(CompositeObservation observation, Registration from, ObserveCompositeResponse response) {}

    @Override
    public void newObservation(Observation observation, Registration of) {}

    @Override
    public void cancelled(Observation observation) {}

    @Override
    public void onError(Observation observation, Registration of, Exception error) {
        heard.add("failed: " + error);
    }

    public static void main(String[] words) throws Exception {
        try {
            new Peer(words).run();
        } catch (Exception error) {
            System.out.println("failed: " + error);
            System.exit(1);
        }
    }
}
