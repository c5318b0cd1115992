"""MLflow's own dashboard, started with settings that are safe on one's own machine."""

import os
import socket
import sys

from latentsweep.config.checks import refuse_password
from latentsweep.errors import ConfigError
from latentsweep.tracking.experiment import dashboard_link, describe_experiment, runs_page
from latentsweep.tracking.preflight import check_store
from latentsweep.tracking.store import open_store
from latentsweep.tracking.uri import resolve_uri, without_credentials

_HOST = "127.0.0.1"
# Nobody may run code by what is put into the store, or be told of what is done here.
SAFE_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONWARNINGS": "ignore",
}


def serve(uri: str, port: int, page: str = "", experiment: str = "latentsweep") -> None:
    """Print the link to the runs, then become the server; does not return.

    Args:
        uri: of the store; a missing sqlite store is created.
        port: to listen on, on this machine alone.
        page: of the dashboard; empty: the experiment's runs, with the columns that matter.
        experiment: whose runs are shown.

    Raises:
        ConfigError: `uri` is no address of a database, or the port is taken.
        TrackingError: the store cannot be used.
    """
    refuse_password(uri, "URI")
    address = resolve_uri(uri, "URI")
    if address.startswith("http"):
        away = check_store(address, experiment)
        if away:
            raise ConfigError(away, mend="start it, or mend URI=")
        raise ConfigError(
            f"{without_credentials(uri)} is a dashboard already",
            mend=f"open {dashboard_link(without_credentials(uri))}",
        )
    _check_port(port)
    problem = check_store(address, experiment)
    if problem:
        raise ConfigError(problem, mend="start it, or mend URI=")
    page = page or _runs(address, experiment)
    print(f"dashboard: {dashboard_link(f'http://{_HOST}:{port}', page)}", flush=True)
    print("Ctrl-C ends it", flush=True)
    allowed = f"{_HOST}:{port},localhost:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", _HOST, "--port", str(port)]
    command += ["--allowed-hosts", allowed, "--workers", "1"]
    # By the environment, for a command line shows its password to everyone.
    settings = {**SAFE_SETTINGS, "MLFLOW_BACKEND_STORE_URI": address}
    os.execve(sys.executable, command, {**os.environ, **settings})


def _runs(address: str, experiment: str) -> str:
    """The page of the experiment's runs; of all experiments where there is none of that name."""
    client = open_store(address)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return "experiments"
    describe_experiment(client, found.experiment_id)
    return runs_page(found.experiment_id)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ConfigError(
                f"cannot listen on port {port}",
                found=reason,
                expected="a port from 1024 to 65535 that nothing listens on",
                mend="make dashboard PORT=5001",
            ) from None
