"""Letters, through a real SMTP server on loopback: who gets one, what is in it, and what nobody learns by asking."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.support.mail import Mailbox, mail_server
from tests.unit.server.conftest import House
from tests.unit.server.test_access import ORIGIN
from tests.unit.server.test_invitations import join
from tests.unit.server.test_signin import GOOD, OTHER, PAGE, ada, browser, choose, session, sign_in

from labyard.control.letters import Letter
from labyard.control.mail import MailError, MailSettings, SmtpMailer
from labyard.control.post import Post
from labyard.control.tries import MAIL_FREE
from labyard.errors import LabyardError

__all__ = ["ada", "browser"]  # fixtures
LETTER = Letter(subject="Grüße", text="Hello\n")


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mail_server() as box:
        yield box


@pytest.fixture
async def writing(house: House, box: Mailbox) -> AsyncIterator[House]:
    """A house whose letters leave."""
    doors = house.services.doors
    mailer = SmtpMailer(MailSettings.parse(f"smtp://127.0.0.1:{box.port}", "labyard@example.org"))
    object.__setattr__(doors, "post", Post(mailer, doors.outbox, doors.accounts, doors.invitations, doors.tries))
    yield house


async def test_a_password_by_mail(browser: httpx.AsyncClient, writing: House, box: Mailbox, ada: str) -> None:
    assert 'href="/forgot"' in (await browser.get("/signin")).text
    assert 'autocomplete="email"' in (await browser.get("/forgot")).text
    answers = []
    for address in ("Ada@example.org", "nobody@example.org"):
        answer = await browser.post("/forgot", data={"email": address})
        answers.append((answer.status_code, answer.text))
    assert answers[0] == answers[1] and answers[0][0] == 200, "the same, whether or not there is anybody"
    await writing.services.doors.outbox.settled()
    (letter,) = box.letters
    assert (letter["To"], letter["From"]) == ("ada@example.org", "Labyard <labyard@example.org>")
    assert letter["Auto-Submitted"] == "auto-generated" and letter.get_content_type() == "text/plain"
    link = box.link()
    assert link.startswith(f"{ORIGIN}/password?token=")
    session(await choose(browser, link.removeprefix(ORIGIN), OTHER))
    assert (await choose(browser, link.removeprefix(ORIGIN), GOOD)).status_code == 404, "once"
    session(await sign_in(browser, "ada", OTHER))


async def test_letters_name_the_public_address(
    browser: httpx.AsyncClient, writing: House, box: Mailbox, ada: str
) -> None:
    object.__setattr__(writing.services.doors, "url", "https://lab.example.org")
    await browser.post("/forgot", data={"email": "ada@example.org"})
    await writing.services.doors.outbox.settled()
    assert box.link().startswith("https://lab.example.org/password?token="), "whatever `Host` somebody sends"


async def test_who_is_shut_out_gets_no_letter(
    browser: httpx.AsyncClient, writing: House, box: Mailbox, ada: str
) -> None:
    await writing.http.patch("/api/users/ada", json={"disabled": True})
    assert (await browser.post("/forgot", data={"email": "ada@example.org"})).status_code == 200
    await writing.services.doors.outbox.settled()
    assert box.letters == []


async def test_one_mailbox_is_not_flooded(browser: httpx.AsyncClient, writing: House, box: Mailbox, ada: str) -> None:
    for address in ("ada@example.org", "nobody@example.org"):
        codes = [(await browser.post("/forgot", data={"email": address})).status_code for _ in range(MAIL_FREE + 1)]
        assert codes == [200] * MAIL_FREE + [409]
    await writing.services.doors.outbox.settled()
    assert len(box.letters) == MAIL_FREE


async def test_what_is_no_address_is_said(browser: httpx.AsyncClient, writing: House, box: Mailbox) -> None:
    for address in ("", "ada", "ada@example.org\r\nBcc: eve@example.org", "a@b,c@d"):
        answer = await browser.post("/forgot", data={"email": address})
        assert answer.status_code == 400 and "no e-mail address" in answer.text, address
    await writing.services.doors.outbox.settled()
    assert box.letters == []


async def test_an_invitation_by_mail(browser: httpx.AsyncClient, writing: House, box: Mailbox) -> None:
    wish = {"email": "ada@example.org", "send": True, "role": "author"}
    made = (await writing.http.post("/api/invitations", json=wish, headers=PAGE)).json()
    assert made["sent"] is True and box.letters[0]["To"] == "ada@example.org" and box.link() == made["url"]
    session(await join(browser, box.link()))
    nowhere = await writing.http.post("/api/invitations", json={"send": True})
    assert nowhere.status_code == 400


async def test_an_invitation_that_cannot_be_sent_is_none(writing: House, box: Mailbox) -> None:
    box.refuse = ["550 no such mailbox"]
    answer = await writing.http.post("/api/invitations", json={"email": "ada@example.org", "send": True})
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "mail")
    assert "no such mailbox" in answer.json()["error"]["message"]
    assert (await writing.http.get("/api/invitations")).json() == []


async def test_signing_up_by_mail(browser: httpx.AsyncClient, writing: House, box: Mailbox, ada: str) -> None:
    object.__setattr__(writing.services.doors, "signup", True)
    pages = set()
    for address in ("new@example.org", "ada@example.org"):
        pages.add((await browser.post("/signup", data={"email": address})).text)
    assert len(pages) == 1, "nobody learns who has an account"
    await writing.services.doors.outbox.settled()
    assert [letter["To"] for letter in box.letters] == ["new@example.org", "ada@example.org"]
    assert "There is one already: ada" in box.text(1)
    session(await join(browser, box.link(0), "newcomer"))
    users = {each["handle"]: each for each in (await writing.http.get("/api/users")).json()}
    assert (users["newcomer"]["role"], users["newcomer"]["email"]) == ("learner", "new@example.org")


async def test_a_letter_is_tried_again(browser: httpx.AsyncClient, writing: House, box: Mailbox, ada: str) -> None:
    writing.services.doors.outbox._waits = (0.01, 0.01)
    box.refuse = ["451 later", "451 later"]
    await browser.post("/forgot", data={"email": "ada@example.org"})
    await writing.services.doors.outbox.settled()
    assert len(box.letters) == 1
    box.refuse = ["451 later"] * 3
    await browser.post("/forgot", data={"email": "ada@example.org"})
    await browser.post("/forgot", data={"email": "ada@example.org"})
    await writing.services.doors.outbox.settled()
    assert len(box.letters) == 2, "the one after goes out all the same"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of `localhost`, its key in the same file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = tmp_path / "cert.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_tls_with_a_certificate_that_is_checked(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with mail_server(context=context, tls=scheme == "smtps", user="lab@yard") as box:
        url = f"{scheme}://lab%40yard:secret@localhost:{box.port}"
        mailer = SmtpMailer(MailSettings.parse(url, "labyard@example.org"), patience=5)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        await mailer.send("ada@example.org", LETTER)
        assert len(box.letters) == 1 and box.secured == [True] and box.users
        wrong = SmtpMailer(MailSettings.parse(url.replace("secret", "other"), "labyard@example.org"), patience=5)
        with pytest.raises(MailError, match="did not leave"):
            await wrong.send("ada@example.org", LETTER)
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(MailError):
            await mailer.send("ada@example.org", LETTER)
        assert len(box.letters) == 1


async def test_nothing_goes_in_the_clear_to_another_box(box: Mailbox) -> None:
    settings = MailSettings.parse("smtp://mail.example.org", "labyard@example.org")
    assert (settings.port, settings.starttls, settings.tls) == (587, True, False)
    here = MailSettings(host="127.0.0.1", port=box.port, sender="labyard@example.org", starttls=True)
    with pytest.raises(MailError):
        await SmtpMailer(here, patience=5).send("ada@example.org", LETTER)
    assert box.letters == []
    assert MailSettings.parse("smtp://mail.example.org?starttls=no", "labyard@example.org").starttls is False
    assert MailSettings.parse("smtps://mail.example.org", "labyard@example.org").port == 465


async def test_a_server_that_is_not_there() -> None:
    async with mail_server() as gone:
        settings = MailSettings.parse(f"smtp://127.0.0.1:{gone.port}", "labyard@example.org")
    with pytest.raises(MailError) as error:
        await SmtpMailer(settings, patience=2).send("ada@example.org", LETTER)
    assert error.value.hint


@pytest.mark.parametrize(
    "url",
    ["", "mail.example.org", "http://x", "smtp://", "smtp://x:99999", "smtp://x/path", "smtp://x?tls=no", "smtp://["],
)
def test_what_is_no_smtp_server(url: str) -> None:
    with pytest.raises(LabyardError):
        MailSettings.parse(url, "labyard@example.org")


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("labs@example.org", "Labyard <labs@example.org>"),
        ("Labs <labs@example.org>", "Labs <labs@example.org>"),
        ("Labs, Inc. <Labs@example.org>", None),
        ('"Labs, Inc." <Labs@example.org>', '"Labs, Inc." <labs@example.org>'),
        ("Labs <x>", None),
        ("", None),
        ("labs@example.org\r\nBcc: eve@example.org", None),
    ],
)
def test_the_sender_has_an_address(text: str, sender: str | None) -> None:
    if sender is None:
        with pytest.raises(LabyardError):
            MailSettings.parse("smtp://x", text)
    else:
        assert MailSettings.parse("smtp://x", text).sender == sender
