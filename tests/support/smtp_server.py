"""An SMTP server for tests. It prints its port, each mail that it takes, and the name of a command that it does not answer, as
lines of JSON. The options are JSON, too:

port            the port (a free one)
tls             "starttls" or "implicit", with `certificate` and `key` (no TLS)
user, password  the login that is needed (none)
reject          the answers to recipients: {"reject@example.com": "550 no such user"}
sender          the answer to the sender
data            the answer to the mail
injected        replies that follow the one to STARTTLS in plain text, as somebody on the way would add them
unconfirmed     the number of mails that it takes without an answer
slow            the command that is never answered: "EHLO", "MAIL", "DATA" or "QUIT"
"""

import asyncio
import email
import email.policy
import html.parser
import json
import logging
import ssl
import sys
import traceback
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, TLSSetupException

options = json.loads(sys.argv[1])
# aiosmtpd logs every client that gives up, and warns of logins without TLS.
logging.disable()
warnings.simplefilter("ignore")
FOREVER = 3600


class Page(html.parser.HTMLParser):
    """The text of each paragraph and heading, the elements, and the targets of the links."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.lines, self.elements, self.links = [], [], []
        self.is_inside = False

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]
        if tag in ("p", "h3"):
            self.lines.append("")
            self.is_inside = True

    def handle_endtag(self, tag):
        if tag in ("p", "h3"):
            self.is_inside = False

    def handle_data(self, data):
        if self.is_inside:
            self.lines[-1] += data
        elif data.strip():
            self.lines.append("outside: " + data)


def described(session, envelope):
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    page = Page()
    parts = (message.get_body((kind,)) for kind in ("plain", "html"))
    text, markup = (part.get_content().replace("\r\n", "\n") for part in parts)
    page.feed(markup)
    page.close()
    return {
        "from": envelope.mail_from,
        "to": envelope.rcpt_tos,
        "is_encrypted": session.ssl is not None or options.get("tls") == "implicit",
        "user": session.auth_data.login.decode() if session.auth_data else None,
        "hello": session.host_name,
        "headers": [[name, str(value)] for name, value in message.items()],
        "type": message.get_content_type(),
        "parts": [part.get_content_type() for part in message.iter_parts()],
        "defects": [str(defect) for part in message.walk() for defect in part.defects],
        "text": text,
        "lines": page.lines,
        "elements": sorted(set(page.elements)),
        "links": page.links,
        "is_ascii": envelope.content.isascii(),
        "longest_line": max(map(len, envelope.content.split(b"\r\n"))),
    }


class Handler:
    async def slow(self, command):
        if options.get("slow") == command:
            print(json.dumps(command), flush=True)
            await asyncio.sleep(FOREVER)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        await self.slow("EHLO")
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        await self.slow("MAIL")
        if "sender" in options:
            return options["sender"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in options.get("reject", {}):
            return options["reject"][address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if options.get("data"):
            return options["data"]
        print(json.dumps(described(session, envelope)), flush=True)
        if options.get("unconfirmed", 0) > 0:
            options["unconfirmed"] -= 1
            await asyncio.sleep(FOREVER)
        await self.slow("DATA")
        return "250 OK"

    async def handle_exception(self, error):
        if not isinstance(error, TLSSetupException):
            traceback.print_exception(error)
        return "451 " + type(error).__name__

    async def handle_QUIT(self, server, session, envelope):
        await self.slow("QUIT")
        return "221 Bye"


class Server(SMTP):
    async def push(self, status):
        if str(status).startswith("220 Ready to start TLS"):
            status += "\r\n" + options["injected"].removesuffix("\r\n") if "injected" in options else ""
        await super().push(status)


def authenticate(server, session, envelope, mechanism, data):
    is_right = data.login.decode() == options["user"] and data.password.decode() == options["password"]
    return AuthResult(success=is_right, handled=False, auth_data=data)


async def main():
    context = None
    if options.get("tls"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options["certificate"], options["key"])
    is_implicit = options.get("tls") == "implicit"
    login = {}
    if options.get("user"):
        login = {
            "auth_required": True,
            "auth_require_tls": options.get("tls") == "starttls",
            "authenticator": authenticate,
        }

    def session():
        starttls = {} if is_implicit else {"tls_context": context, "require_starttls": True}
        return Server(Handler(), hostname="mail.test", **starttls, **login)

    loop = asyncio.get_running_loop()
    # A client that gives up during the handshake is no error of the server.
    loop.set_exception_handler(lambda loop, context: None)
    server = await loop.create_server(
        session, "127.0.0.1", options.get("port", 0), ssl=context if is_implicit else None
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


asyncio.run(main())
