"""A PostgreSQL server of a test's own, on a socket; skipped with a reason where none is installed."""

import os
import pwd
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "p:w@d/x"


def _binary(name):
    found = shutil.which(name) or next(iter(sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    if found is None:
        pytest.skip(f"needs PostgreSQL ({name} is not installed)")
    return os.path.realpath(found)


def _as_postgres():
    """Root may not run the server."""
    if os.getuid() != 0:
        return {}
    try:
        other = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("needs a user 'postgres' where the suite runs as root")
    return {"user": other.pw_uid, "group": other.pw_gid}


@contextmanager
def server(folder, tables):
    """The URL, with an odd password, of a server that holds the tables."""
    pytest.importorskip("psycopg", reason="needs psycopg")
    import sqlalchemy as sa

    home = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())  # a socket's name is short
    who = _as_postgres()
    if who:
        os.chown(home, who["user"], who["group"])
    data, secret = home / "data", home / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": home, **who}
    make = [_binary("initdb"), "-D", str(data), "-U", "anna", "--auth=scram-sha-256", f"--pwfile={secret}"]
    subprocess.run(make, check=True, **quiet)
    serve = [_binary("postgres"), "-D", str(data), "-k", str(home), "-c", "listen_addresses="]
    process = subprocess.Popen(serve, **quiet)
    try:
        url = sa.URL.create(
            "postgresql+psycopg", "anna", PASSWORD, database="postgres", query={"host": str(home)}
        )
        engine = sa.create_engine(url)
        for _ in range(100):
            try:
                with engine.begin() as connection:
                    for name, frame in tables.items():
                        frame.to_sql(name, connection, index=False)
                break
            except sa.exc.OperationalError:
                subprocess.run(["sleep", "0.2"], check=True)
        engine.dispose()
        yield url.render_as_string(hide_password=False)
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(home, ignore_errors=True)
