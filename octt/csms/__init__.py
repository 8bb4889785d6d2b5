"""The fake Central System: WebSocket server, admission, sessions, answers.

May import `ocpp`, `pki`, `record`, `timeline` and `tls`.
"""
