"""Questions to an MLflow server."""

import importlib.metadata
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from latentsweep.config.typed import first_line
from latentsweep.errors import TrackingError
from latentsweep.tracking.preflight.artifacts import check_directory, local_directory
from latentsweep.tracking.preflight.experiments import deleted_experiment
from latentsweep.tracking.uri import without_credentials

if TYPE_CHECKING:
    from requests import Response, Session

_SECONDS = 3.0
_API = "/api/2.0/mlflow"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_PROXIED = "mlflow-artifacts:"
_CHECK = "latentsweep-write-check"
_REFUSED = (401, 403)
_BROKEN = 500  # a server that passes no artifacts on says 503, a proxy before one 502 or 504


def check_server(uri: str, experiment: str) -> str:
    """See `check_store`, for a store that is a server."""
    import requests

    shown = without_credentials(uri)
    with _session() as session:
        try:
            _check_version(session.get(f"{uri}/version", timeout=_SECONDS), shown)
            asked = {"experiment_name": experiment}
            answer = session.get(
                f"{uri}{_API}/experiments/get-by-name", params=asked, timeout=_SECONDS
            )
            if answer.status_code >= _BROKEN:
                return f"the server at {shown} is in trouble (HTTP {answer.status_code})"
            location = _location(answer, experiment, shown)
            _check_artifacts(session, uri, shown, location)
        except requests.exceptions.SSLError as error:
            raise TrackingError(
                f"the certificate of {shown} is not trusted",
                found=first_line(error)[:200],
                expected="a certificate by an authority that this machine knows",
                mend="MLFLOW_TRACKING_SERVER_CERT_PATH=FILE of the authority's certificate",
            ) from None
        except requests.RequestException:
            return f"the server at {shown} does not answer"
    return ""


def _session() -> "Session":
    """A session that proves who asks as MLflow's client does: by the environment."""
    import requests

    session = requests.Session()
    session.verify = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() not in ("true", "1")
    certificate = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH")
    if certificate:
        session.verify = certificate
    session.cert = os.environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH")
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    user = os.environ.get("MLFLOW_TRACKING_USERNAME")
    if user:
        session.auth = (user, os.environ.get("MLFLOW_TRACKING_PASSWORD", ""))
    elif token:
        session.headers["Authorization"] = f"Bearer {token}"
    return session


def _check_version(answer: "Response", shown: str) -> None:
    """Refuse what is no MLflow server, or one of another major version."""
    theirs, ours = answer.text.strip(), importlib.metadata.version("mlflow")
    if answer.status_code in _REFUSED:
        return  # some guard even that; the next question is answered or refused
    if answer.status_code >= 500:
        return  # it is in trouble, which may pass
    major = theirs.partition(".")[0]
    if not answer.ok or not major.isdigit():
        raise TrackingError(
            f"there is no MLflow server at {shown}",
            found=f"something that answers /version with {answer.status_code} {theirs[:40]!r}",
            expected="the address that the server printed when it was started",
            mend="mend tracking.uri, or keep the record here: tracking=local",
        )
    if major != ours.partition(".")[0]:
        raise TrackingError(
            f"the MLflow server at {shown} is of another major version",
            found=f"MLflow {theirs}",
            expected=f"MLflow {ours.partition('.')[0]}, as is installed here ({ours})",
            mend="take a server of that version, or keep the record here: tracking=local",
        )


def _location(answer: "Response", experiment: str, shown: str) -> str | None:
    """Where the experiment's artifacts go; None where it does not exist yet."""
    if "host header" in answer.text.lower():
        raise TrackingError(
            f"the MLflow server at {shown} does not answer to that name",
            found=" ".join(answer.text.split())[:200],
            expected="one of the names that it was told to answer to",
            mend="start it with that name: make server ALLOWED=NAME (mlflow's --allowed-hosts)",
        )
    if answer.status_code in _REFUSED:
        user = os.environ.get("MLFLOW_TRACKING_USERNAME")
        raise TrackingError(
            f"the MLflow server at {shown} refuses "
            + ("who asks" if answer.status_code == 401 else f"the experiment {experiment}"),
            found=f"the user {user}" if user else "no user: MLFLOW_TRACKING_USERNAME is not set",
            expected="a user of the server who may write the experiment",
            mend="set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (or "
            "MLFLOW_TRACKING_TOKEN); or take another experiment: tracking.experiment=NAME",
        )
    if not answer.ok:
        return None
    found = _json(answer).get("experiment", {})
    if found.get("lifecycle_stage", "active") != "active":
        raise deleted_experiment(experiment, shown)
    return str(found.get("artifact_location", ""))


def _check_artifacts(session: "Session", uri: str, shown: str, location: str | None) -> None:
    """Refuse a store of artifacts that takes no file.

    Args:
        session: asks.
        uri: of the server.
        shown: that without credentials.
        location: where the experiment's artifacts go; None: wherever the server puts new ones.
    """
    if location and not location.startswith(_PROXIED):
        directory = local_directory(location)
        if directory:  # the server does not pass artifacts on: this machine writes them itself
            check_directory(directory, shown)
        return
    folder = location.removeprefix(_PROXIED).strip("/") + "/" if location else ""
    # Always the same name, for who may write need not have the right to delete.
    path = f"{folder}{_CHECK}"
    answer = session.put(f"{uri}{_ARTIFACTS}/{path}", data=b"", timeout=_SECONDS)
    if answer.ok:
        session.delete(f"{uri}{_ARTIFACTS}/{path}", timeout=_SECONDS)
    elif answer.status_code in _REFUSED and location:
        raise TrackingError(
            f"the MLflow server at {shown} takes no artifacts from who asks",
            found=f"the user {os.environ.get('MLFLOW_TRACKING_USERNAME', '(none)')}",
            expected="a user who may write the experiment (EDIT)",
            mend="have that permission granted, or take another experiment: "
            "tracking.experiment=NAME",
        )
    elif answer.status_code == _BROKEN:
        raise TrackingError(
            f"the MLflow server at {shown} cannot store artifacts",
            found="it fails when a file is put into them; its own log says why",
            expected="a server that takes pictures, checkpoints and models",
            mend="mend the permissions of what it was given as --artifacts-destination, or keep "
            "the record here: tracking=local",
        )


def _json(answer: "Response") -> Mapping[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, Mapping) else {}
