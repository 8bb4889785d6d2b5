"""The fake Central System: WebSocket server, sessions, answers, TLS and PKI, file servers."""
