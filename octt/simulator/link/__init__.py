"""How a station speaks: connection and queue, frames, TLS, certificates, file transfers. Knows `part` and `world`."""
