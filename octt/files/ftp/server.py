"""The ftp and ftps ports, in one thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Any

from pyftpdlib.ioloop import IOLoop  # type: ignore[import-untyped]
from pyftpdlib.servers import FTPServer  # type: ignore[import-untyped]

from octt.files.ftp.places import Authorizer, Filesystem
from octt.files.ftp.sessions import Handler, TlsHandler
from octt.files.transfers import FilesError, Ledger, Tree
from octt.tls.connection import LabContext


class FtpFiles:
    """The ftp and ftps ports, in one thread."""

    def __init__(self, tree: Tree, ledger: Ledger) -> None:
        self.tree, self.ledger = tree, ledger
        self.ports: dict[str, int] = {}
        self._loop = IOLoop()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ftp", daemon=True)
        logger = logging.getLogger("pyftpdlib")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False

    def listen(
        self,
        protocol: str,
        host: str,
        port: int,
        public_address: str,
        passive_ports: Iterable[int] | None,
        context: LabContext | None = None,
    ) -> None:
        """Opens a port, 0 for any free one, before `start`. Raises FilesError."""
        base: Any = TlsHandler if context else Handler
        more: dict[str, Any] = {"ssl_context": context.openssl} if context else {}
        handler: Any = type(
            f"{protocol.title()}Handler",
            (base,),
            {
                "tree": self.tree,
                "ledger": self.ledger,
                "protocol": protocol,
                "authorizer": Authorizer(self.tree),
                "abstracted_fs": Filesystem,
                "masquerade_address": public_address,
                "passive_ports": list(passive_ports) if passive_ports else None,
                "banner": "file server ready",
                "timeout": min(300, self.tree.bounds.seconds),
                "auth_failed_timeout": 0.2,
                "use_sendfile": False,
                **more,
            },
        )
        try:
            server = FTPServer((host, port), handler, ioloop=self._loop)
        except OSError as error:
            raise FilesError(
                f"the {protocol} file server cannot open port {port} on {host}: {error.strerror or error}"
            ) from None
        server.max_cons, server.max_cons_per_ip = 200, 50
        self.ports[protocol] = server.address[1]

    def start(self) -> None:
        """Begins to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Ends every connection, the ports and the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)
        else:
            self._loop.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._loop.loop(timeout=0.1, blocking=False)
        self._loop.close()
