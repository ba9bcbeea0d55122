"""Where 360dialog posts for a number. The header that proves it is set together with the URL."""

from integrations.providers.base.reader import Reader
from integrations.providers.base.types import WebhookReport
from integrations.providers.dialog360.line import Line

_PATH = "/v1/configs/webhook"


def configure(line: Line, url: str, *, token_header: str) -> WebhookReport:
    """Let 360dialog post to `url`, and read back what it keeps."""
    headers = {token_header: line.credentials["webhook_secret"]}
    line.ask_number("POST", _PATH, {"url": url, "headers": headers})
    return report(line, token_header=token_header)


def report(line: Line, *, token_header: str) -> WebhookReport:
    setting = line.ask_number("GET", _PATH)
    return WebhookReport(
        url=setting.find_text("url") or "",
        missing=() if _has_proof(line, setting, token_header) else (token_header,),
    )


def _has_proof(line: Line, setting: Reader, token_header: str) -> bool:
    """Whether our header goes along; where 360dialog does not tell, it is believed."""
    headers = setting.find_section("headers")
    if headers is None:
        return True
    told = {name.lower(): value for name, value in headers.value.items()}
    return bool(told.get(token_header.lower()) == line.credentials["webhook_secret"])
