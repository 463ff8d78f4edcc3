"""An HTTP proxy before the SQS server that fails as it is told."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

#: (operation, request) → None to pass it on, (status, error code) to answer so, "reset" to cut the connection.
Fault = Callable[[str, dict[str, Any]], tuple[int, str] | str | None]


class FaultProxy:
    """`proxy.fault = …` from any thread; `proxy.calls` counts operations and `proxy.requests` keeps them."""

    def __init__(self, upstream: str) -> None:
        self.fault: Fault | None = None
        self.calls: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.requests: list[tuple[str, dict[str, Any]]] = []
        target = urlsplit(upstream).netloc
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                request = json.loads(body or b"{}")
                outer.calls[operation] += 1
                outer.requests.append((operation, request))
                verdict = outer.fault(operation, request) if outer.fault else None
                if verdict is None:
                    upstream = http.client.HTTPConnection(target, timeout=40)
                    try:
                        upstream.request("POST", self.path, body, {**self.headers, "Host": target})
                        answer = upstream.getresponse()
                        self._answer(answer.status, answer.read())
                    except OSError:
                        self._reset()
                    finally:
                        upstream.close()
                    return
                outer.failed[operation] += 1
                if isinstance(verdict, str):
                    self._reset()
                else:
                    status, code = verdict
                    self._answer(status, json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": code}).encode())

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _reset(self) -> None:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except (OSError, ValueError):
                    self.close_connection = True

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
