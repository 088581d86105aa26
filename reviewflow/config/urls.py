"""Check the URLs in a configuration before anything is fetched.

A URL is written to run.json, to Prefect's database and to logs, so it must hold no credentials. No
message of this module repeats a URL that may hold some.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from urllib.parse import unquote_plus, urlsplit

HTTP = ("http", "https")
S3 = ("s3", "s3a")
# what else fsspec reads from another machine, and the package that it needs for that
FSSPEC_PACKAGES = (
    ("abfs", "adlfs"),
    ("abfss", "adlfs"),
    ("adl", "adlfs"),
    ("az", "adlfs"),
    ("ftp", ""),
    ("gcs", "gcsfs"),
    ("gs", "gcsfs"),
    ("hf", "huggingface_hub"),
    ("oss", "ossfs"),
    ("sftp", "paramiko"),
    ("smb", "smbprotocol"),
    ("ssh", "paramiko"),
)
WHERE_HTTP = "put a user name and a password into ~/.netrc"
WHERE_S3 = "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give a role"
WHERE_OTHERS = "give them as the package for {scheme}:// reads them from its environment"

SECRET_WORDS = frozenset(
    [
        "auth",
        "authorization",
        "credential",
        "credentials",
        "jwt",
        "key",
        "pass",
        "passwd",
        "password",
        "pwd",
        "sas",
        "secret",
        "session",
        "sig",
        "sign",
        "signature",
        "token",
    ]
)
SECRET_PIECES = re.compile(
    r"signature|token|secret|password|credential|api_?key|access_?key|private_?key", re.IGNORECASE
)
NAME_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# tokens that are known by their form: of AWS, GitHub and Slack, and JSON Web Tokens
TOKEN = re.compile(
    r"(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{20}|github_pat_\w{20}|xox[a-z]-\w{8}"
    r"|eyJ[\w-]{8,}\.[\w-]{4,}"
)
USER_INFO = re.compile(r"(?<=:/)[^/?#\s]*@|(?<=//)[^/?#\s]*@")
PARAMETER = re.compile(r"(?<=[?&;#])([^=&;#\s]*)=([^&;#\s]*)")
# the same for JSON Schema, whose patterns have no flag for small and capital letters
WITHOUT_SECRETS = (
    r"^(?!.*:/+[^/?#]*@)(?!.*:/.*[?&;#][^=]*(?:[Tt][Oo][Kk][Ee][Nn]|[Ss][Ee][Cc][Rr][Ee][Tt]"
    r"|[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]|[Pp][Aa][Ss][Ss][Ww][Oo]?[Rr]?[Dd]"
    r"|[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii][Aa][Ll]|[Aa][Uu][Tt][Hh][Oo][Rr][Ii][Zz]"
    r"|(?:[Aa][Pp][Ii]|[Aa][Cc][Cc][Ee][Ss][Ss]|[Pp][Rr][Ii][Vv][Aa][Tt][Ee])[Kk][Ee][Yy](?![a-z])"
    r"|(?:(?<![A-Za-z])[Kk][Ee][Yy]|[a-z]Key|(?<![A-Za-z])[Ss][Ii][Gg][Nn]?|(?<![A-Za-z])[Aa][Uu][Tt][Hh]"
    r"|(?<![A-Za-z])[Pp][Aa][Ss][Ss]|(?<![A-Za-z])[Pp][Ww][Dd])(?![A-Za-z])))"
)
BEGINNING = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.:-]+):/", re.ASCII)


def is_url(path: str) -> bool:
    """Return whether a setting names a file on another machine: ``scheme://``."""
    return "://" in path


def is_like_url(path: str) -> bool:
    """Return whether a setting names a URL, be it a wrong one."""
    return is_url(path) or url_problem(path) is not None


def scheme_of(url: str) -> str:
    """Return a URL's scheme in small letters."""
    return url.partition("://")[0].strip().lower()


def url_problem(path: str) -> str | None:
    """Return what is wrong with a URL, None for a good one and for a path.

    The text continues a sentence that names the setting, and has no full stop. It repeats nothing
    but the scheme.
    """
    begins = BEGINNING.match(path)
    if begins is None and not is_url(path):
        return _secret_problem(path) if USER_INFO.match(path, 2) else None
    if holds_secret(path):
        return _secret_problem(path)
    scheme = begins[1].lower() if begins else ""
    if not is_url(path):
        return f"must begin with {scheme}://, which has two slashes" if _is_known(scheme) else None
    return _scheme_problem(scheme) or _form_problem(path)


def holds_secret(url: str) -> bool:
    """Return whether a URL holds a user, a password, a signature or a token."""
    place, question, rest = re.sub(r"^[^/]*:/+", "//", url.strip()).partition("?")
    place, sharp, fragment = place.partition("#")
    if USER_INFO.match(place, 2) or TOKEN.search(url):
        return True
    parameters = re.split(r"[&;#?]", rest * bool(question) + "&" + fragment * bool(sharp))
    return any(_is_secret_name(each.partition("=")[0]) for each in parameters)


def mask_secrets(text: str) -> str:
    """Return text in which the credentials of URLs are replaced by ``…``."""
    hidden = USER_INFO.sub("…@", TOKEN.sub("…", text))
    return PARAMETER.sub(
        lambda found: f"{found[1]}=…" if _is_secret_name(found[1]) else found[0], hidden
    )


def _is_secret_name(name: str) -> bool:
    """Return whether a parameter of this name holds credentials."""
    name = unquote_plus(name)
    words = {word.lower() for word in NAME_WORD.findall(name)}
    return bool(words & SECRET_WORDS or SECRET_PIECES.search(name))


def _secret_problem(url: str) -> str:
    scheme = scheme_of(url) if is_url(url) else ""
    where = WHERE_HTTP
    if scheme in S3:
        where = WHERE_S3
    elif scheme not in HTTP and _is_known(scheme):
        where = WHERE_OTHERS.format(scheme=scheme)
    return (
        "must be a URL without a user, a password, a signature or a token in it, since it is "
        f"written to records and logs; take them out and {where}"
    )


def _is_known(scheme: str) -> bool:
    return scheme in HTTP or scheme in S3 or scheme in dict(FSSPEC_PACKAGES)


def _scheme_problem(scheme: str) -> str | None:
    """Return why URLs of this scheme cannot be read."""
    if scheme == "file":
        return "must be the path of a local file without file://"
    if not _is_known(scheme):
        return "must begin with https://, http://, s3:// or another scheme that fsspec reads"
    if scheme in HTTP:
        return None
    if scheme in S3:
        has_extra = find_spec("s3fs") is not None
        return None if has_extra else f'needs pip install "reviewflow[s3]" for {scheme}://'
    package = dict(FSSPEC_PACKAGES)[scheme]
    missing = [name for name in ("fsspec", package) if name and find_spec(name) is None]
    return f"needs pip install {' '.join(missing)} for {scheme}://" if missing else None


def _form_problem(url: str) -> str | None:
    """Return what is wrong with the rest of a URL."""
    if not url.isprintable() or url != url.strip():
        return "must be a URL without blanks at its ends and without control characters"
    try:
        parts = urlsplit(url)
        _ = parts.port if parts.scheme in HTTP else None
    except ValueError:
        return "must be a URL with a valid host and port"
    if not parts.netloc:
        return f"must name a {'host' if parts.scheme in HTTP else 'bucket or host'} after ://"
    if not parts.path.strip("/"):
        return "must name a file on its host, such as https://example.org/reviews.csv"
    if parts.scheme not in HTTP and "*" in parts.path:
        return "must name one file; a pattern is read on this machine only"
    return None
