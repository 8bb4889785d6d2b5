"""File servers for firmware, diagnostics and logs: http(s) and ftp(s). May import `pki` and `tls`."""
