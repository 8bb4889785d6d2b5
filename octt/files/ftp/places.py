"""What a session may see and touch: the places it was given, and every upload in a file of its own."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from pyftpdlib.authorizers import AuthenticationFailed  # type: ignore[import-untyped]
from pyftpdlib.filesystems import AbstractedFS, FilesystemError  # type: ignore[import-untyped]

from octt.files.transfers import TooMuch, Tree, safe_name, unused


class Authorizer:
    """Who may log in, and what they may do where: read in their firmware folder, write in their upload folder."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def validate_authentication(self, username: str, password: str, handler: Any) -> None:
        if self.tree.login and self.tree.knows(username, password) is None:
            handler.ledger.refused(handler.account("", ""), "wrong user or password")
            raise AuthenticationFailed("Authentication failed.")

    def get_home_dir(self, username: str) -> str:
        return str(self.tree.folder)

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        below = Path(path or self.tree.folder)
        if below in (self.tree.folder, self.tree.firmware, self.tree.uploads):
            return perm == "e"
        parts = self.tree.split(below.relative_to(self.tree.folder).as_posix())
        grant = self.tree.by_token(parts[1]) if parts else None
        if grant is None or not below.is_relative_to(grant.folder):
            return False
        if self.tree.login and grant.user != username:
            return False
        return perm in ("elr" if grant.direction == "download" else "elwamf")

    def get_perms(self, username: str) -> str:
        return "el"

    def has_user(self, username: str) -> bool:
        return True

    def get_msg_login(self, username: str) -> str:
        return "Login successful."

    def get_msg_quit(self, username: str) -> str:
        return "Goodbye."

    def impersonate_user(self, username: str, password: str) -> None:
        """Nothing: files belong to the tool."""

    def terminate_impersonation(self, username: str) -> None:
        """Nothing: files belong to the tool."""


class Filesystem(AbstractedFS):  # type: ignore[misc]
    """Keeps every upload in a file of its own with a harmless name, and never follows a link."""

    def validpath(self, path: str) -> bool:
        return "\0" not in path and bool(super().validpath(path))

    def open(self, filename: str, mode: str) -> Any:
        """A file to read, or a new one to write; APPE and REST go on in a copy of the file they name.

        What was received once keeps its bytes: its hash is on the record.
        """
        path = Path(filename)
        if path.is_symlink():
            raise FilesystemError("Not a file")
        if mode.startswith("r") and "+" not in mode:
            return path.open(mode)
        former = path if path.is_file() and not mode.startswith("w") else None
        try:
            self._tree.begin_upload()
            if former:
                self._tree.count(0, former.stat().st_size, time.monotonic())
        except TooMuch as error:
            self.cmd_channel.refused("upload", filename, str(error))
            raise FilesystemError(str(error)) from None
        # A station may take the location for the file itself instead of the folder it is (OCPP 1.6 section 6.25).
        folder, name = (path, "upload") if path.is_dir() else (path.parent, safe_name(path.name))
        new = unused(folder, name)
        if former is None:
            return new.open("xb")
        shutil.copyfile(former, new)
        return new.open(mode)

    @property
    def _tree(self) -> Tree:
        tree: Tree = self.cmd_channel.tree
        return tree

    def _count(self) -> None:
        """Counts one more name in a folder. Raises FilesystemError when there are enough."""
        try:
            self._tree.begin_upload()
        except TooMuch as error:
            raise FilesystemError(str(error)) from None

    def mkdir(self, path: str) -> None:
        """A folder, which counts as a file does."""
        folder = Path(path)
        if safe_name(folder.name) != folder.name or folder.exists():
            raise FilesystemError("Not a name for a new folder here")
        self._count()
        folder.mkdir()

    def rename(self, src: str, dst: str) -> None:
        """A second name: what the record says about the first one stays true."""
        target = Path(dst)
        if safe_name(target.name) != target.name or not Path(src).is_file():
            raise FilesystemError("Not a name for a file here")
        self._count()
        target.hardlink_to(src)

    def mkstemp(self, suffix: str = "", prefix: str = "", dir: str | None = None, mode: str = "wb") -> Any:
        return self.open(str(Path(dir or self.root) / (prefix.rstrip(".") or "upload")), "wb")
