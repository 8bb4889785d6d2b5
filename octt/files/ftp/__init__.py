"""Firmware and uploads over ftp and ftps, with pyftpdlib in a thread of its own.

The ftps port takes both ways a station may mean by it: AUTH TLS after the greeting (RFC 4217), and TLS from the first
byte, as many clients do for `ftps://`. Which one it was is in the transfer's `tls`.
"""
