"""Run the stand-in as a process, until it is killed."""

import argparse
import threading

from tests.stand_ins.search_service.server import KEY, SearchService

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--port", type=int, default=8090)
parser.add_argument("--tls", action="store_true")
parser.add_argument("--visible-after", type=float, default=0.0)
options = parser.parse_args()
with SearchService(options.port, tls=options.tls, visible_after=options.visible_after) as service:
    print(f"AZURE_SEARCH_ENDPOINT={service.url} AZURE_SEARCH_API_KEY={KEY}", flush=True)
    threading.Event().wait()
