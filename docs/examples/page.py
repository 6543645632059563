"""A page in one file: a run's events as they happen, and its pictures, from the standard library.

python docs/examples/page.py            # then open http://127.0.0.1:8008
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from gems_graph import Store, stream
from gems_graph.errors import GemsError

PAGE = """<!doctype html><meta charset="utf-8"><title>GEMS</title>
<form>Draw <input name="prompt" size="60"> <button>Go</button></form><pre id="log"></pre>
<script>
const prompt = new URLSearchParams(location.search).get("prompt"), log = document.all.log;
const events = prompt && new EventSource("/events?prompt=" + encodeURIComponent(prompt));
if (events) events.onmessage = message => {
  const event = JSON.parse(message.data);
  log.append(message.data + "\\n");
  if (event.type == "picture_ready")
    log.append(Object.assign(new Image(), { src: "/picture/" + event.image.sha256 }), "\\n");
  if (event.type == "stopped" || event.type == "error") events.close();
};
</script>"""


class Page(BaseHTTPRequestHandler):
    """Answers for the page, the events of a run, and a picture."""

    def do_GET(self) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        if url.path == "/events":
            self._begin("text/event-stream")
            self._tell(parse_qs(url.query).get("prompt", [""])[0])
        elif url.path.startswith("/picture/"):
            data = Store().read(url.path.rpartition("/")[2])
            self._begin("image/png")
            self.wfile.write(data)
        else:
            self._begin("text/html")
            self.wfile.write(PAGE.encode())

    def _begin(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def _tell(self, prompt: str) -> None:
        try:
            for event in stream(prompt):
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        except GemsError as error:
            told = {"type": "error", "text": str(error)}
            self.wfile.write(f"data: {json.dumps(told)}\n\n".encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8008), Page).serve_forever()
