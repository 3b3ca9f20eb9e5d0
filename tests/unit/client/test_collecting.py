"""What other threads do at the same time does not disturb a look at the state of the process."""

from __future__ import annotations

import gc

from honeyhive_ext import HoneyHive
from honeyhive_ext.background.background_sender import BackgroundSender, live
from honeyhive_ext.client.collecting import collecting
from tests.support.lines import at_line


def test_a_collection_that_another_thread_begins_meanwhile_breaks_no_span() -> None:
    number = 0
    while True:
        number += 1
        with at_line(number, gc.collect, event="opcode", watched=["/client/collecting.py"]) as reached:
            assert not collecting()
        if reached[0] < number:
            break
    assert number > 3


def test_a_client_that_is_made_meanwhile_does_not_keep_the_others_from_being_found() -> None:
    made: list[HoneyHive] = []

    def make() -> None:
        made.append(HoneyHive("hh_test", base_url="http://127.0.0.1:1"))
        made[-1]._later._make()

    make()
    first: BackgroundSender = live()[-1]
    for number in range(1, 40):
        watched = ["/background/background_sender.py", "_weakrefset.py"]
        with at_line(number, make, event="opcode", watched=watched) as reached:
            assert first in live()
        assert reached[0] >= number
    for hh in made:
        hh.close()
    assert {id(sender) for sender in live()} >= {id(first)}


def test_a_client_that_is_gone_is_found_no_more() -> None:
    hh = HoneyHive("hh_test", base_url="http://127.0.0.1:1")
    sender = hh._later._make()
    hh.close()
    assert sender in live()
    key = id(sender)
    del hh, sender
    gc.collect()
    assert key not in {id(one) for one in live()}
