"""The words of the security cases: connection, certificates, TLS probes. Part of `octt.script`."""
