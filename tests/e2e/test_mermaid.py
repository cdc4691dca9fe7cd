"""Drawings in a lesson: drawn, redrawn, said why not; and hostile ones, which get nothing that a picture has not."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, Route, expect

from tests.e2e.conftest import Visit, open_context
from tests.e2e.fake_lessons import FakeLesson
from tests.e2e.fake_plays import lesson_play
from tests.e2e.fake_server import FakeServer

pytestmark = pytest.mark.e2e

FLOW = "flowchart LR\n  inside[A machine inside] -->|asks| gateway{The gateway}\n  gateway --> world((World))\n"
KINDS = {
    "flowchart": FLOW,
    "sequence": "sequenceDiagram\n  participant A as inside\n  A->>B: SYN\n  B-->>A: SYN, ACK\n  Note over A,B: a handshake\n",
    "state": "stateDiagram-v2\n  [*] --> Down\n  Down --> Up: ip link set up\n  Up --> [*]\n",
    "class": "classDiagram\n  Link <|-- Bridge\n  Link : +String name\n",
    "er": "erDiagram\n  HOST ||--o{ INTERFACE : has\n",
    "gantt": "gantt\n  title Boot\n  dateFormat ss\n  section kernel\n  unpack :a, 00, 3s\n  probe :after a, 2s\n",
    "pie": 'pie title Packets\n  "TCP" : 70\n  "UDP" : 30\n',
    "mindmap": "mindmap\n  root((kernel))\n    network\n    storage\n",
    "timeline": "timeline\n  title Ways\n  2002 : bridges\n  2008 : namespaces\n",
    "git": "gitGraph\n  commit\n  branch fix\n  commit\n  checkout main\n  merge fix\n",
    "journey": "journey\n  title A day\n  section Morning\n    Boot: 5: Me\n",
    "quadrant": "quadrantChart\n  title Where\n  x-axis Low --> High\n  Here: [0.3, 0.6]\n",
    "packet": 'packet-beta\n  0-15: "Source Port"\n  16-31: "Destination Port"\n',
}
HOSTILE = {
    "script-link": 'flowchart LR\n  A[<b>one</b>] --> B\n  click A "javascript:alert(1)" "tip" _blank\n',
    "data-link": 'flowchart LR\n  A --> B\n  click A href "data:text/html,<script>alert(1)</script>"\n',
    "callback": "flowchart LR\n  A --> B\n  click A call alert(1)\n  click B callback\n",
    "link": 'flowchart LR\n  A --> B\n  click A href "https://elsewhere.invalid/x" _blank\n',
    "html-label": 'flowchart LR\n  A["<img src=x onerror=alert(1)><script>alert(2)</script>"] --> B["<iframe srcdoc=x>"]\n',
    "foreign": 'flowchart LR\n  A["<foreignObject><body onload=alert(1)></foreignObject>"] --> '
    'B["</text></svg><script>alert(3)</script>"]\n',
    "init-loose": "%%{init: {'securityLevel': 'loose', 'htmlLabels': true, 'flowchart': {'htmlLabels': true}}}%%\n"
    'flowchart LR\n  A["<a href=javascript:alert(1)>x</a>"] --> B\n  click A call alert(1)\n',
    "init-css": "%%{init: {'themeCSS': '} * { background: url(https://elsewhere.invalid/leak) } body { display: none', "
    "'fontFamily': 'x; } body { display: none } .y {'}}%%\nflowchart LR\n  A --> B\n",
    "front-matter": "---\nconfig:\n  securityLevel: loose\n  htmlLabels: true\n  secure: []\n  theme: forest\n"
    '---\nflowchart LR\n  A["<img src=x onerror=alert(1)>"] --> B\n',
    "sandbox": "%%{init: {'securityLevel': 'sandbox'}}%%\nflowchart LR\n  A --> B\n",
    "dompurify": "%%{init: {'dompurifyConfig': {'ADD_TAGS': ['script', 'iframe'], 'ADD_ATTR': ['onload', 'onerror']}}}%%\n"
    'flowchart LR\n  A["<img src=x onerror=alert(1)>"] --> B\n',
    "prototype": "%%{init: {'__proto__': {'polluted': 'yes'}, 'constructor': {'prototype': {'polluted': 'yes'}}}}%%\n"
    "flowchart LR\n  A --> B\n",
    "style": "flowchart LR\n  A --> B\n  style A fill:url(https://elsewhere.invalid/a),stroke:#f00\n"
    "  classDef bad background-image:url(https://elsewhere.invalid/b)\n  class B bad\n",
    "image-node": 'flowchart LR\n  A@{ img: "https://elsewhere.invalid/x.png" } --> B@{ img: "javascript:alert(1)" }\n',
    "icon": 'flowchart LR\n  A@{ icon: "fa:<img src=x onerror=alert(1)>" } --> B\n',
    "markdown": 'flowchart LR\n  A["`**x** <img src=x onerror=alert(1)> [y](javascript:alert(2))`"] --> B\n',
    "katex": 'flowchart LR\n  A["$$\\\\href{javascript:alert(1)}{x}$$"] --> B\n',
    "sequence-link": 'sequenceDiagram\n  participant A\n  links A: {"x": "javascript:alert(1)"}\n'
    "  link A: y @ javascript:alert(2)\n  A->>A: <img src=x onerror=alert(3)>\n",
    "class-link": 'classDiagram\n  class A\n  click A href "javascript:alert(1)"\n  callback A "alert"\n',
    "gantt-link": "gantt\n  dateFormat YYYY-MM-DD\n  section s\n  t :a1, 2026-01-01, 3d\n"
    '  click a1 href "javascript:alert(1)"\n  click a1 call alert(1)\n',
    "entity": 'flowchart LR\n  A["#lt;script#gt;alert(1)#lt;/script#gt; &lt;img src=x onerror=alert(1)&gt;"] --> B\n',
    "xml": "flowchart LR\n  A[\"]]><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>\"] --> B\n",
}


def shown(page: Page, fake: FakeServer, *sources: str, before: str = "") -> list[Locator]:
    text = before + "".join(f"```mermaid\n{source}```\n\nAfter it.\n\n" for source in sources)
    fake.teach(FakeLesson("challenges", "drawn", "Drawn", text))
    page.goto(f"/plays/{fake.add(lesson_play('drawn')).id}")
    expect(page.locator("lab-mermaid")).to_have_count(len(sources))
    return page.locator("lab-mermaid").all()


def picture(drawing: Locator) -> str:
    """The SVG, once it is drawn."""
    drawing.scroll_into_view_if_needed()
    image = drawing.locator(".frame img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    address = str(image.get_attribute("src"))
    assert address.startswith("data:image/svg+xml,")
    return unquote(address.partition(",")[2])


def test_every_kind_is_drawn(page: Page, fake: FakeServer) -> None:
    for kind, drawing in zip(KINDS, shown(page, fake, *KINDS.values()), strict=True):
        svg = picture(drawing)
        assert "foreignObject" not in svg, kind
        assert len(svg) > 500, kind


def test_who_does_not_see_it_has_words_and_the_source(page: Page, fake: FakeServer) -> None:
    titled = f"{FLOW}  accTitle: The way out\n  accDescr: From inside to the world\n"
    first, second = shown(page, fake, FLOW, titled)
    picture(first)
    expect(first.get_by_role("img")).to_have_attribute("alt", "Drawing: asks, A machine inside, The gateway, World")
    picture(second)
    expect(second.get_by_role("img")).to_have_attribute("alt", "The way out. From inside to the world")
    expect(first.get_by_text("inside[A machine inside]")).to_be_hidden()
    first.get_by_text("Source").click()
    expect(first.get_by_text("inside[A machine inside]")).to_be_visible()
    first.locator(".frame").hover()
    first.get_by_role("button", name="Enlarge").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_it_is_drawn_in_the_colours_of_the_page(page: Page, fake: FakeServer) -> None:
    page.emulate_media(color_scheme="light")
    (drawing,) = shown(page, fake, FLOW)
    assert "#e3ecf8" in picture(drawing)
    page.emulate_media(color_scheme="dark")
    expect(drawing.locator(".frame img")).to_have_attribute("src", re.compile("%231d2c40"))
    dark = picture(drawing)
    assert "#1d2c40" in dark and "#e3ecf8" not in dark


CANNOT_BE_DRAWN = [
    ("flowchart LR\n  A --> \n  --> B[\n", "Parse error on line 3"),
    ("there is nothing of that kind\n", "No diagram type detected"),
    ("\n", ""),
    (f"flowchart LR\n  A[{'x' * 7000}]\n", "at most 5000"),
    (f"flowchart LR\n  A[{'x' * 500}]\n", "at most 400"),
    ("flowchart LR\n" + "  A-->B\n" * 130, "Edge limit exceeded"),
    ("flowchart LR\n  " + "&".join("abcdefgh" * 20) + "\n", "at most 150"),
    ("block-beta\n  columns 99999999\n  a b c:99999999\n", "the kind block are not made here"),
    ('packet-beta\n  0-99999999: "x"\n', "at most four digits"),
    ("%%{init: {'maxEdges': 9999}}%%\nflowchart LR\n" + "  A-->B\n" * 130, "Edge limit exceeded"),
    ("gantt\n  dateFormat YYYY-MM-DD\n  excludes weekends\n  section s\n  a: 0001-01-01, 9999999d\n", "valid date"),
]


def test_what_cannot_be_drawn_says_why_and_stays_readable(page: Page, fake: FakeServer) -> None:
    *broken, whole = shown(page, fake, *(source for source, _ in CANNOT_BE_DRAWN), FLOW)
    for (source, said), drawing in zip(CANNOT_BE_DRAWN, broken, strict=True):
        drawing.scroll_into_view_if_needed()
        expect(drawing.locator(".trouble")).to_contain_text(said)
        if source.strip():
            expect(drawing.locator("pre code")).to_contain_text(source.splitlines()[0].strip())
            expect(drawing.locator("code")).to_be_visible()
    picture(whole)


def test_without_its_code_the_source_stays(
    browser: Browser, cookies: tuple[str, BrowserContext], fake: FakeServer
) -> None:
    context = open_context(browser, cookies)
    page = context.new_page()
    page.route("**/assets/mermaid-draw*", lambda route: route.abort())
    (drawing,) = shown(page, fake, FLOW)
    expect(drawing.locator(".trouble")).to_be_visible()
    expect(drawing.locator("code")).to_contain_text("inside[A machine inside]")
    context.close()


def test_a_lesson_without_drawings_loads_nothing_of_it(page: Page, fake: FakeServer) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    fake.teach(FakeLesson("challenges", "drawn", "Drawn", "Nothing to draw.\n"))
    page.goto(f"/plays/{fake.add(lesson_play('drawn')).id}")
    expect(page.get_by_text("Nothing to draw.")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert any("/assets/pane" in each for each in asked)
    assert not [each for each in asked if "mermaid" in each]


# What may be in a picture: no element that loads, links or runs, no attribute that does.
JUDGE = """address => {
  const text = decodeURIComponent(address.slice(address.indexOf(',') + 1));
  const picture = new DOMParser().parseFromString(text, 'image/svg+xml');
  const never = 'parsererror, script, a, foreignObject, image, use, iframe, embed, object, img, animate, set';
  const bad = [...picture.querySelectorAll(never)].map(each => each.localName);
  for (const each of picture.querySelectorAll('*')) for (const { name, value } of each.attributes) {
    if (/^on|href$|^src/i.test(name) || /javascript:|elsewhere/i.test(value)) bad.push(`${each.localName} ${name}=${value}`);
  }
  return bad;
}"""


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_drawing_is_a_picture_and_no_more(
    browser: Browser, cookies: tuple[str, BrowserContext], fake: FakeServer, attack: str
) -> None:
    """Not `visit`: what the content security policy stops in mermaid's own workshop may be told in the console."""
    context = open_context(browser, cookies, viewport={"width": 1280, "height": 800})
    visit = Visit(context.new_page())
    page = visit.page
    elsewhere: list[str] = []
    alerts: list[str] = []

    def refuse(route: Route) -> None:
        """Asked here is what would leave the browser; what the policy refuses before is not."""
        elsewhere.append(route.request.url)
        route.abort()

    def dismiss(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    context.route("**/elsewhere.invalid/**", refuse)
    page.on("dialog", dismiss)
    attacked, whole = shown(page, fake, HOSTILE[attack], FLOW)
    picture(whole)
    expect(attacked.locator(".frame img, .trouble").first).to_be_visible()
    for image in attacked.locator(".frame img").all():
        found: Any = image.evaluate(f"image => ({JUDGE})(image.src)")
        assert found == []
        image.click()
    page.mouse.move(5, 5)
    expect(page.get_by_text("After it.").first).to_be_visible()
    assert page.evaluate(
        "() => [({}).polluted ?? null, document.querySelectorAll('.mermaidTooltip, body > svg, body > iframe').length]"
    ) == [None, 0]
    assert (elsewhere, alerts, context.pages) == ([], [], [page])
    assert page.url.startswith(fake.base_url)
    assert [line for line in visit.trouble if "Content Security Policy" not in line] == []
    context.close()
