"""A rig that serves the driver contract, in forty lines: python rig_server.py [PORT]

In the bench: kind = "http", url = "http://127.0.0.1:8000". What moves your rig goes into `move`.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CAN = ["plug_in", "unplug", "present_id_tag"]


def move(action: str, connector: int, id_tag: str = "") -> None:
    """Moves the hand; an exception says that it did not work."""
    print(action, connector, id_tag, flush=True)


class Rig(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(200 if self.path == "/actions" else 404, {"actions": CAN})

    def do_POST(self) -> None:
        action = self.path.strip("/")
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        try:
            if action not in CAN:
                return self.answer(501, {"error": f"this rig cannot {action}"})
            move(action, **body)
        except Exception as error:
            return self.answer(500, {"error": str(error)})
        self.answer(200, {})

    def answer(self, status: int, body: dict[str, object]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8000), Rig)
    print(f"rig at http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
