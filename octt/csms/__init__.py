"""The fake Central System: WebSocket server, admission, sessions, answers."""
