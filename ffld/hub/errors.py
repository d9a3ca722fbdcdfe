"""What goes wrong between here and a hub, each in one line that says what to do."""

from __future__ import annotations

from huggingface_hub import errors
from huggingface_hub.errors import HfHubHTTPError, HTTPError

from ffld.sample import DataError

# All that the clients raise. HTTPError is that of the HTTP library which the client was made with,
# so it covers broken connections too; a plain OSError is a check of sizes, or the disk's.
CLIENT_ERRORS = (
    HTTPError,
    OSError,
    RuntimeError,
    ValueError,
    errors.EntryNotFoundError,
    errors.XetDownloadError,
)
_XET_TOKEN = "xet-write-token"  # in the address that a hub without Xet hasn't got


class HubError(DataError):
    """A hub that can't be used so; the message says what was asked, what came and what to do."""


def cause_of(error: BaseException) -> BaseException:
    """The error that the client met, where it raised another one in its place."""
    wrappers = (errors.LocalEntryNotFoundError, RuntimeError, ValueError)
    while (
        isinstance(error, wrappers)
        and not isinstance(error, HfHubHTTPError)
        and error.__cause__ is not None
    ):
        error = error.__cause__
    return error


def passes(error: BaseException) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in (408, 425, 429) or error.response.status_code >= 500
    if isinstance(error, errors.OfflineModeIsEnabled | errors.FileMetadataError):
        return False
    if _XET_TOKEN in str(error):
        return False
    if isinstance(error, HTTPError | errors.XetDownloadError):
        return True
    return isinstance(error, ConnectionError | TimeoutError) or _cut_short(error)


def was_repeated(error: BaseException) -> bool:
    """Whether the client has repeated the request itself, for half a minute, before it gave up."""
    return isinstance(error, errors.LocalEntryNotFoundError)


def explain(error: BaseException, what: str, address: str) -> HubError | None:
    """The error of a client in one line; None where it isn't about the hub.

    Args:
        error: see `cause_of`.
        what: the repository and what was asked of it, for the message.
        address: the repository's page.
    """
    kinds = (
        (errors.OfflineModeIsEnabled, "needs the hub, but HF_HUB_OFFLINE is set: unset it"),
        (
            errors.GatedRepoError,
            f"is open to those who accepted its terms: accept them at {address}, then log in with "
            "`hf auth login`",
        ),
        (
            errors.RepositoryNotFoundError,
            "doesn't exist, or is private: check the name, or log in with `hf auth login` as "
            "somebody who may see it",
        ),
        (
            errors.RevisionNotFoundError,
            f"isn't a revision that is there; branches, tags and commits are listed at {address}",
        ),
        (errors.EntryNotFoundError, f"isn't there; its files are listed at {address}"),
        (
            errors.LocalTokenNotFoundError,
            "needs a token: log in with `hf auth login`, or set HF_TOKEN",
        ),
        (errors.HFValidationError, "isn't the name of a repository: write ORG/NAME"),
    )
    for kind, text in kinds:
        if isinstance(error, kind):
            return HubError(f"{what} {text}")
    if _XET_TOKEN in str(error):
        return HubError(f"{what}: this hub takes no Xet uploads; set HF_HUB_DISABLE_XET=1")
    if isinstance(error, HfHubHTTPError):
        return HubError(f"{what} {_status(error)}")
    if passes(error):
        return HubError(
            f"{what} can't be reached ({_line(error)}): check the network; what has arrived is "
            "kept, the same command goes on from there"
        )
    if isinstance(error, OSError) and error.errno is not None:
        return None
    return HubError(f"{what} failed: {_line(error)}")


def _status(error: HfHubHTTPError) -> str:
    status = error.response.status_code
    if status == 401:
        return "was refused (401): the token isn't valid; log in with `hf auth login`"
    if status == 403:
        return (
            "was refused (403): the token may not do this; log in with `hf auth login` and a token "
            "with write access"
        )
    if status in (409, 412):
        return "has changed in the meantime: run the same command again"
    if passes(error):
        return (
            f"was answered with {status} again and again: the hub has a problem; try later, what "
            "has arrived is kept"
        )
    return f"was refused ({status}): {_line(error.server_message or error)}"


def _cut_short(error: BaseException) -> bool:
    return isinstance(error, OSError) and "Consistency check failed" in str(error)


def _line(error: object) -> str:
    return " ".join(str(error).split()) or type(error).__name__
