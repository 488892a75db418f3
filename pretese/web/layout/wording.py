"""Messages of pages in several languages, from the message files in this folder."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from protocol.reading.documents import parse_yaml, read_text

HERE = Path(__file__).parent / "messages"

#: Language codes, with the name of each language in that language.
LANGUAGES = {"en": "English", "de": "Deutsch", "zh": "中文"}


@cache
def messages(language: str) -> Mapping[str, str]:
    """Return the messages of a language; missing ones are English."""
    english = _read("en")
    return MappingProxyType({**english, **_read(language)})


def language_of(asked: str | None, accepted: str = "") -> str:
    """Choose a language: the requested one, otherwise the first that the browser accepts.

    >>> language_of("de"), language_of(None, "fr, zh-CN;q=0.9"), language_of("xx")
    ('de', 'zh', 'en')
    """
    wanted = [asked or ""] if asked else [part.split(";")[0] for part in accepted.split(",")]
    for each in wanted:
        code = each.strip().lower().split("-")[0]
        if code in LANGUAGES:
            return code
    return "en"


def _read(language: str) -> dict[str, str]:
    path = HERE / f"{language}.yaml"
    return {str(key): str(value) for key, value in parse_yaml(read_text(path), path.name).items()}
