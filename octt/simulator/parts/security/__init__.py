"""The security extension: how to connect, certificates, security events and their log. Knows what `parts` knows."""
