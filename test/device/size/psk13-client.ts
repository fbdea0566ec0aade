/*
 * Size profile: a DTLS 1.3 client with a pre-shared key alone (psk_ke) and connection ids. It sends "hello" and logs the
 * answer.
 */
