"""ElasticMQ: SQS's interface on this machine, with queues and messages kept on disk."""

import json
import urllib.error
import urllib.request
from pathlib import Path

from .java import java_command
from .ports import HOST
from .process import Child
from .server import Server

REGION = "us-east-1"
ACCOUNT = "000000000000"

#: By default ElasticMQ listens to the whole network and keeps messages in memory. WRITE_DELAY=0 makes H2 write at
#: every commit: without it a kill brings back messages that were already deleted.
CONFIGURATION = """\
include classpath("application.conf")
node-address {{ protocol = http, host = {host}, port = {port}, context-path = "" }}
rest-sqs {{ enabled = true, bind-port = {port}, bind-hostname = {host}, sqs-limits = strict }}
rest-stats {{ enabled = false }}
generate-node-address = false
aws {{ region = {region}, accountId = {account} }}
pekko.loglevel = "WARNING"
queues-storage {{ enabled = true, path = {queues} }}
messages-storage {{
  enabled = true, driver-class = "org.h2.Driver", uri = {messages}
  username = "", password = "", prune-data-on-init = false
}}
"""


class Sqs(Server):
    name = "sqs"

    @property
    def data(self) -> Path:
        return self.home / "sqs"

    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> Child:
        self.data.mkdir(parents=True, exist_ok=True)
        configuration = self.data / "elasticmq.conf"
        values = {
            "host": HOST,
            "region": REGION,
            "account": ACCOUNT,
            "queues": str(self.data / "queues.conf"),
            "messages": f"jdbc:h2:{self.data / 'messages'};WRITE_DELAY=0",
        }
        quoted = {name: json.dumps(value) for name, value in values.items()}
        configuration.write_text(CONFIGURATION.format(port=self.port, **quoted))
        command = java_command(
            "sqs",
            "org.elasticmq.server.Main",
            heap="256m",
            scratch=self.home / "tmp",
            options=[f"-Dconfig.file={configuration}"],
        )
        return Child(self.name, command, home=self.home, cwd=self.data)

    def ready(self) -> bool:
        request = urllib.request.Request(f"{self.url()}/", data=b"Action=ListQueues&Version=2012-11-05")
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
