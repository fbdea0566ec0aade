// Command pion is an independent peer for the interop cells: pion/dtls with a pre-shared key or certificates, DTLS 1.2 or 1.3.
//
// It sends each line of its standard input as one message and prints what it receives, a line per message. A server
// serves one client. The line "/update" is no message: it updates the traffic keys of both directions.
package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/pion/dtls/v4"
	"github.com/pion/dtls/v4/pkg/crypto/ciphersuite"
	"github.com/pion/dtls/v4/pkg/crypto/elliptic"
	"github.com/pion/dtls/v4/pkg/protocol"
)

var (
	port     = flag.Int("port", 4433, "UDP port, of the server")
	identity = flag.String("identity", "", "PSK identity")
	key      = flag.String("key", "", "PSK, hexadecimal")
	suite    = flag.String("suite", "TLS_AES_128_GCM_SHA256", "the one cipher suite")
	group    = flag.String("group", "", "the one group, X25519 or P-256; default: pion's own order")
	version  = flag.String("version", "1.3", "the one version, 1.2 or 1.3")
	cert     = flag.String("cert", "", "own certificate, PEM")
	certKey  = flag.String("cert-key", "", "its private key, PEM")
	ca       = flag.String("ca", "", "authority that certifies peers, PEM; a server with it wants a certificate")
	alpn     = flag.String("alpn", "", "the one application protocol")
	cid      = flag.Int("cid", -1, "bytes of its connection ids; default: no connection ids")
)

var suites = map[string]ciphersuite.ID{
	"TLS_AES_128_GCM_SHA256":       ciphersuite.TLS_AES_128_GCM_SHA256,
	"TLS_AES_256_GCM_SHA384":       ciphersuite.TLS_AES_256_GCM_SHA384,
	"TLS_CHACHA20_POLY1305_SHA256": ciphersuite.TLS_CHACHA20_POLY1305_SHA256,

	"TLS_PSK_WITH_AES_128_CCM_8":                    ciphersuite.TLS_PSK_WITH_AES_128_CCM_8,
	"TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256":   ciphersuite.TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
	"TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8":            ciphersuite.TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
	"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256":       ciphersuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": ciphersuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
}

var versions = map[string]protocol.Version{"1.2": protocol.Version1_2, "1.3": protocol.Version1_3}

var groups = map[string]elliptic.Curve{"X25519": elliptic.X25519, "P-256": elliptic.P256}

func main() {
	role := os.Args[1]
	_ = flag.CommandLine.Parse(os.Args[2:])
	addr := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: *port}
	conn, err := open(role, addr)
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println("connected")
	go send(conn)
	receive(conn)
}

func open(role string, addr *net.UDPAddr) (*dtls.Conn, error) {
	if role == "client" {
		var list []dtls.ClientOption
		for _, option := range options() {
			list = append(list, option)
		}
		return dtls.Dial("udp", addr, list...)
	}
	var list []dtls.ServerOption
	for _, option := range options() {
		list = append(list, option)
	}
	if *ca != "" {
		list = append(list, dtls.WithClientAuth(dtls.RequireAndVerifyClientCert), dtls.WithClientCAs(authorities()))
	}
	listener, err := dtls.ListenAddr("udp", addr, list...)
	if err != nil {
		return nil, err
	}
	conn, err := listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn.(*dtls.Conn), nil
}

func options() []dtls.Option {
	list := append(credentials(),
		dtls.WithMinVersion(versions[*version]),
		dtls.WithMaxVersion(versions[*version]),
		dtls.WithCipherSuites(suites[*suite]),
	)
	if *group != "" {
		list = append(list, dtls.WithEllipticCurves(groups[*group]))
	}
	if *alpn != "" {
		list = append(list, dtls.WithSupportedProtocols(*alpn))
	}
	if *cid >= 0 {
		generator := dtls.OnlySendCIDGenerator()
		if *cid > 0 {
			generator = dtls.RandomCIDGenerator(*cid)
		}
		list = append(list, dtls.WithConnectionID(generator, dtls.CIDPathMigrationRRC))
	}
	return list
}

// credentials are a pre-shared key, or certificates.
func credentials() []dtls.Option {
	if *key == "" {
		return certificates()
	}
	secret, err := hex.DecodeString(*key)
	if err != nil {
		panic(err)
	}
	psk := dtls.PSK{Identity: []byte(*identity), Key: secret}
	if *suite == "TLS_AES_256_GCM_SHA384" {
		psk.Hash = crypto.SHA384
	}
	return []dtls.Option{dtls.WithPSK(
		func() ([]dtls.PSK, error) { return []dtls.PSK{psk}, nil },
		func([][]byte) (*dtls.PSK, error) { return &psk, nil },
	)}
}

func certificates() []dtls.Option {
	var list []dtls.Option
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *certKey)
		if err != nil {
			panic(err)
		}
		list = append(list, dtls.WithCertificates(pair))
	}
	if *ca != "" {
		list = append(list, dtls.WithRootCAs(authorities()), dtls.WithServerName("server.test"))
	}
	return list
}

func authorities() *x509.CertPool {
	pem, err := os.ReadFile(*ca)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return pool
}

func send(conn *dtls.Conn) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() == "/update" {
			err := conn.UpdateKeys(context.Background(), dtls.KeyUpdateOptions{RequestPeerUpdate: true})
			fmt.Println("updated:", err)
		} else if _, err := conn.Write(lines.Bytes()); err != nil {
			fmt.Println("failed:", err)
		}
	}
}

func receive(conn *dtls.Conn) {
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			fmt.Println("ended:", err)
			return
		}
		fmt.Println("received:", string(buffer[:n]))
	}
}
