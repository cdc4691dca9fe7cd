"""Attacks on whoever reads a lesson, each in every place an author can write: what comes out is parsed, not searched."""

from __future__ import annotations

import pytest
from tests.unit.content.html_reader import refused
from tests.unit.content.test_render import rendered

VECTORS = (
    # scripts and what loads them
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<script/x>alert(1)</script",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\n>alert(1)</script\n>",
    "<<script>alert(1)//<</script>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=data:text/html;base64,PHNjcmlwdD4=></object>",
    "<embed src=//evil.example/x.swf>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<frameset onload=alert(1)><frame src=x></frameset>",
    "<applet code=x></applet><portal src=//evil.example>",
    # attributes
    "<img src=x onerror=alert(1)>",
    "<img src='x'onerror='alert(1)'>",
    "<img src=__static__/a.png onload=alert(1)>",
    '<img src="__static__/a.png" alt="`><script>alert(1)</script>">',
    "<a href=https://example.com onclick=alert(1)>x</a>",
    '<a href="https://example.com" style="position:fixed;inset:0">x</a>',
    "<b onmouseover=alert(1)>x</b>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<div id=app class=panel style='position:fixed'>x</div>",
    "<kbd tabindex=1 autofocus onfocus=alert(1)>x</kbd>",
    "<p title='\"><script>alert(1)</script>'>x</p>",
    "<div\x0conclick=alert(1)>x</div>",
    "<div/onclick=alert(1)>x</div>",
    # addresses
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "<javascript:alert(1)>",
    "[x][r]\n\n[r]: javascript:alert(1)",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](https://example.com/\"onmouseover=\"alert(1))",
    "[x](https://example.com '\"onmouseover=alert(1) x=\"')",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "[x](__static__/../../../etc/passwd)",
    "[x](__static__/%2e%2e/%2e%2e/etc/passwd)",
    "[x](__static__/..%2f..%2fetc/passwd)",
    # images
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    '![x" onerror="alert(1)](__static__/a.png)',
    "![x](__static__/a.png\"onerror=\"alert(1))",
    "![x](https://evil.example/beacon.png)",
    "![](__static__/../../../etc/passwd)",
    # other namespaces, and what parsers disagree on
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<title><img src=x onerror=alert(1)></title>",
    "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
    "<plaintext><script>alert(1)</script>",
    "<form action=//evil.example><input name=password type=password><button>Sign in</button></form>",
    "<select><option><script>alert(1)</script></select>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<isindex type=image src=1 onerror=alert(1)>",
    "<table background=javascript:alert(1)><td background=javascript:alert(1)>",
    # comments, declarations, character data
    "<!--><script>alert(1)</script>-->",
    "<!--!><img src=x onerror=alert(1)>-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml-stylesheet href='javascript:alert(1)'?>",
    "<!DOCTYPE html [<!ENTITY x '<script>'>]>&x;",
    # tags that are not closed
    "<div><div><b><i><u>",
    "</div></details></lab-task></p></body></html>",
    "<a href='https://example.com",
    "<img src=\"__static__/a.png",
    "<b <script>alert(1)</script>>",
    "<",
    # elements of the page itself
    '<lab-task name="x" onclick=alert(1)><div slot="completed">Done</div></lab-task>',
    "<labyard-app></labyard-app><labyard-play playId=x></labyard-play>",
    "<lab-open-tab machine=node-01>rm -rf /</lab-open-tab>",
    '<slot name="active"></slot><div slot="active" part="x" is="lab-task">x</div>',
    # code
    "```html [a\" onclick=\"alert(1)]{1}\n<script>alert(1)</script>\n```",
    "```\"><script>alert(1)</script>\nx\n```",
    "```js\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "```mermaid\ngraph LR; A[<img src=x onerror=alert(1)>]; click A href \"javascript:alert(1)\"\n```",
    # components and their props
    ":tab{text='<script>alert(1)</script>' machine='\"><script>' name='x' onclick='alert(1)'}",
    ":http-port{text='<b onclick=x>' port='80\" onclick=\"alert(1)' machine='a b'}",
    ":http-port[<img src=x onerror=alert(1)>]{port=80}",
    "::image-box{src='javascript:alert(1)' alt='\"><script>alert(1)</script>'}\n::",
    "::image-box{src='__static__/a.png' max-width='1px;background:url(//evil.example)' float='left onclick' border='1px'}\n::",
    "::image-box{src='__static__/a.png' margin='1px\" onclick=\"alert(1)' radius='calc(1px)'}\n::",
    "::image-box{src='//evil.example/a.png'}\n::",
    "::card{challenge='challenges.\"><script>alert(1)</script>'}\n::",
    "::card{challenge='javascript:alert(1)'}\n::",
    "::remark-box{kind='info\" onclick=\"alert(1)'}\n<script>alert(1)</script>\n::",
    "::details-box{summary='</summary><script>alert(1)</script>'}\n</div></details><script>alert(1)</script>\n::",
    "::simple-task{name='x\" onclick=\"alert(1)'}\n#active\n</div></lab-task><script>alert(1)</script>\n::",
    "::user-input-task{name=a validate-regex='\"><script>' destination='<script>'}\n#x\"y\n<b>\n::",
    "::tabbed\n---\ntabs: [{name: 'a\" onclick=\"x', title: '<script>'}]\ngroup: '<script>'\n---\n#a\n<i>\n::",
    "::slide-show\n---\nslides: [{image: 'javascript:alert(1)', alt: '<script>alert(1)</script>'}]\n---\n::",
    "::script\nalert(1)\n::",
    "::iframe{src='//evil.example' onload='alert(1)'}\n::",
    "::grid{v-html='<script>alert(1)</script>' :onclick=alert(1)}\n::",
)  # fmt: skip
PLACES = (
    "{}",
    "text {} text",
    "# {}",
    "- {}\n- x",
    "> {}",
    "| a |\n|---|\n| {} |",
    "**{}**",
    "[{}](https://example.com)",
    "![{}](__static__/a.png)",
    "<div>\n\n{}\n\n</div>",
    "<details><summary>{}</summary>x</details>",
    "<!-- {} -->",
    "::hint-box\n{}\n::\nafter",
    ':tab{{text="{}"}}',
    "::simple-task{{name=x}}\n#active\n{}\n#completed\n{}\n::",
    "```sh [{}]\n{}\n```",
)


def test_there_are_enough() -> None:
    assert len(VECTORS) >= 60


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_harmful_is_left(vector: str) -> None:
    for place in PLACES:
        page = rendered(place.replace("{{", "{").replace("}}", "}").replace("{}", vector))
        assert refused(page.html) == [], place


def test_what_was_refused_is_seen() -> None:
    """Not swallowed: whoever wrote it must learn of it."""
    page = rendered("<script>alert(1)</script> [x](javascript:alert(2)) ::iframe\n\n::iframe\nalert(3)\n::")
    for number in (1, 2, 3):
        assert f"alert({number})" in page.html


def test_the_reader_of_these_tests_sees_harm() -> None:
    """A checker that finds nothing proves nothing."""
    harmful = (
        "<script>", "<svg>", "<p onclick='x'>", "<a href='javascript:x'>", "<a href='//x'>", "<img src='https://x/'>",
        "<b>", "</b>", "<!-- x -->", "<p style='position:fixed'>", "<p id='app'>", "<a href='https://x/'></a>",
        "<div class='panel'>", "<img src='data:image/png,x'>", "<input type='password'>", "<b><i></b></i>",
    )  # fmt: skip
    assert [html for html in harmful if not refused(html)] == []
