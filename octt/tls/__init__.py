"""TLS on the laboratory's sockets: suites, contexts, ClientHello, the facts of a connection. May import `pki`."""
