"""A round as JUnit XML: a suite per kind, a test case per attempt. Broken is an error, not run is skipped."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import groupby

from labyard.bots.results import Outcome, Result, Round, Tried

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, however they are written."""


def as_junit(played: Round) -> bytes:
    root = ET.Element("testsuites", name="labyard bots")
    ordered = sorted(played.outcomes, key=lambda outcome: outcome.kind)
    for kind, outcomes in groupby(ordered, key=lambda outcome: outcome.kind):
        _suite(root, _clean(kind), list(outcomes), played)
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count) or 0) for suite in root)))
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _suite(root: ET.Element, kind: str, outcomes: list[Outcome], played: Round) -> None:
    stamp = played.started.isoformat(timespec="seconds")
    suite = ET.SubElement(root, "testsuite", name=kind, timestamp=stamp)
    for outcome in outcomes:
        name = _clean(outcome.name)
        if not outcome.tried:
            case = ET.SubElement(suite, "testcase", classname=f"{kind}.{name}", name=_clean(outcome.case), time="0")
            ET.SubElement(case, "skipped", message=_clean(outcome.reason))
        for tried in outcome.tried:
            of = len(outcome.tried)
            title = _clean(outcome.case) + (f" [{tried.number} of {of}]" if of > 1 else "")
            case = ET.SubElement(suite, "testcase", classname=f"{kind}.{name}", name=title, time=f"{tried.seconds:.1f}")
            _why(case, outcome, tried)
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("time", f"{sum(float(case.get('time') or 0) for case in suite):.1f}")


def _why(case: ET.Element, outcome: Outcome, tried: Tried) -> None:
    if tried.result is Result.PASSED:
        return
    broken = tried.result is Result.BROKEN
    message = f"flaky, {outcome.words}" if outcome.result is Result.FLAKY else tried.reason
    told = ET.SubElement(case, "error" if broken else "failure", type=outcome.result.value, message=_clean(message))
    told.text = _clean(tried.reason + (f"\nartifacts: {tried.folder}" if tried.folder else ""))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
