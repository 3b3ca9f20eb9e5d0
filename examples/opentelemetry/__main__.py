"""python -m examples.opentelemetry: send the spans of the shop, next to a session of this package."""

from __future__ import annotations

from honeyhive_ext import HoneyHive
from honeyhive_ext.otel import configure

from .shop import offer

with HoneyHive() as hh:
    configure(hh)
    with hh.session("shop assistant") as session:
        print(offer("tea"))
        with hh.span("send offer", event_type="tool"):
            try:
                offer("car")
            except KeyError as error:
                print(f"not sold: {error}")
    print(f"\n{hh.sessions.tree(session)}")  # a read first sends what waits
