// An independent peer for the interop cells: dimpl with certificates, DTLS 1.3.
//
// It sends each line of its standard input as one message and prints what it receives, a line per message. A server
// serves one client. dimpl judges no certificates: this program takes the one that --peer-cert names.

use dimpl::crypto::Dtls13CipherSuite;
use dimpl::{Config, Dtls, DtlsCertificate, NamedGroup, Output};
use std::io::{BufRead, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{channel, Receiver};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long it waits for a datagram before it looks for lines and timers again.
const TURN: Duration = Duration::from_millis(5);

fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args();
    arguments.find(|argument| argument == name)?;
    arguments.next()
}

fn pem(path: &str) -> Vec<u8> {
    let text = std::fs::read(path).expect(path);
    pem_rfc7468::decode_vec(&text).expect("PEM").1
}

fn config() -> Config {
    let suite = match option("--suite").as_deref() {
        Some("TLS_CHACHA20_POLY1305_SHA256") => Dtls13CipherSuite::CHACHA20_POLY1305_SHA256,
        Some("TLS_AES_256_GCM_SHA384") => Dtls13CipherSuite::AES_256_GCM_SHA384,
        _ => Dtls13CipherSuite::AES_128_GCM_SHA256,
    };
    let mut builder = Config::builder()
        .dtls12_cipher_suites(&[])
        .dtls13_cipher_suites(&[suite])
        .require_client_certificate(option("--peer-cert").is_some());
    match option("--group").as_deref() {
        Some("P-256") => builder = builder.kx_groups(&[NamedGroup::Secp256r1]),
        Some("X25519") => builder = builder.kx_groups(&[NamedGroup::X25519]),
        _ => {}
    }
    if let Some(records) = option("--records") {
        builder = builder.aead_encryption_limit(records.parse().expect("--records"));
    }
    builder.build().expect("configuration")
}

fn lines() -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

struct Peer {
    dtls: Dtls,
    socket: UdpSocket,
    remote: Option<SocketAddr>,
    /// the certificate that the other side must have
    wanted: Option<Vec<u8>>,
    timer: Option<Instant>,
    connected: bool,
}

impl Peer {
    fn flush(&mut self) {
        let mut buffer = vec![0; 4096];
        loop {
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(packet) => {
                    let remote = self.remote.expect("an address");
                    self.socket.send_to(packet, remote).expect("sent");
                }
                Output::BufferTooSmall { needed } => buffer.resize(needed, 0),
                Output::Timeout(at) => {
                    self.timer = Some(at);
                    return;
                }
                Output::PeerCert(der) => {
                    if self.wanted.as_deref().is_some_and(|wanted| wanted != der) {
                        fail("another certificate");
                    }
                }
                Output::Connected => {
                    self.connected = true;
                    println!("connected");
                }
                Output::ApplicationData(data) => println!("received: {}", String::from_utf8_lossy(data)),
                Output::CloseNotify => {
                    println!("ended");
                    std::process::exit(0);
                }
                _ => {}
            }
        }
    }

    fn receive(&mut self) {
        let mut buffer = [0; 4096];
        match self.socket.recv_from(&mut buffer) {
            Ok((length, from)) => {
                self.remote.get_or_insert(from);
                checked(self.dtls.handle_timeout(Instant::now()));
                checked(self.dtls.handle_packet(&buffer[..length]));
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => fail(&error.to_string()),
        }
    }

    fn run(&mut self, lines: Receiver<String>) {
        checked(self.dtls.handle_timeout(Instant::now()));
        loop {
            self.flush();
            self.receive();
            if self.timer.is_some_and(|at| at <= Instant::now()) {
                checked(self.dtls.handle_timeout(Instant::now()));
            }
            if self.connected {
                for line in lines.try_iter() {
                    checked(self.dtls.send_application_data(line.as_bytes()).map(|_| ()));
                    self.flush();
                }
            }
        }
    }
}

fn checked(result: Result<(), dimpl::Error>) {
    if let Err(error) = result {
        fail(&error.to_string());
    }
}

fn fail(why: &str) -> ! {
    println!("failed: {why}");
    std::process::exit(1);
}

fn main() {
    let is_client = std::env::args().nth(1).as_deref() == Some("client");
    let port: u16 = option("--port").expect("--port").parse().expect("--port");
    let certificate = DtlsCertificate {
        certificate: pem(&option("--cert").expect("--cert")),
        private_key: pem(&option("--cert-key").expect("--cert-key")),
    };
    let socket = UdpSocket::bind(("127.0.0.1", if is_client { 0 } else { port })).expect("bound");
    socket.set_read_timeout(Some(TURN)).expect("timeout");
    let mut dtls = Dtls::new_13(Arc::new(config()), certificate, Instant::now());
    dtls.set_active(is_client);
    let remote = is_client.then(|| SocketAddr::from(([127, 0, 0, 1], port)));
    let wanted = option("--peer-cert").map(|path| pem(&path));
    Peer { dtls, socket, remote, wanted, timer: None, connected: false }.run(lines());
}
