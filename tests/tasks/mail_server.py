"""An SMTP server that keeps the mails it takes, for tests."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast


class _Session(socketserver.StreamRequestHandler):
    """Takes mails as RFC 5321 says, without encryption and without a password."""

    def handle(self) -> None:
        """Answer one client until it leaves."""
        self._answer("220 mail.test")
        while line := self.rfile.readline():
            match line[:4].upper().strip():
                case b"DATA":
                    self._answer("354 end with a dot")
                    self._keep()
                case b"QUIT":
                    self._answer("221 bye")
                    return
            self._answer("250 ok")

    def _keep(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        mails: list[Any] = self.server.mails  # type: ignore[attr-defined]
        mails.append(message_from_bytes(b"".join(lines), policy=policy.default))

    def _answer(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[tuple[int, list[EmailMessage]]]:
    """Listen for mails; gives the port and the list that they come into."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session) as server:
        server.mails = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], cast("list[EmailMessage]", server.mails)  # type: ignore[attr-defined]
        server.shutdown()
