"""A checkout that was deleted and made again at the same path begins anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg

from config.embedded import paths
from config.embedded.ports import choose_port
from config.embedded.postgres import Postgres


def test_data_whose_home_was_deleted_is_set_aside_not_opened(tmp_path: Path) -> None:
    home = tmp_path / "home"
    port = choose_port()
    folder = paths.postgres_data(home).parent
    try:
        # given a database whose run state is deleted by hand
        first = Postgres(home, port=port)
        first.start()
        with psycopg.connect(first.url("postgres")) as connection:
            connection.execute("CREATE TABLE kept (id int)")
        first.stop()
        # Only root's data lies outside the home and outlives it; elsewhere the password alone can go.
        if paths.is_root():
            shutil.rmtree(home)
        else:
            first.password_file.unlink()
        # when a stack starts at the same path
        second = Postgres(home, port=port)
        second.start()
        # then it comes up empty, and what was left is still there
        with psycopg.connect(second.url("postgres")) as connection:
            row = connection.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'kept'").fetchone()
        second.stop()
        assert row == (0,)
        [left] = folder.glob("postgres.left-*")
        assert (left / "PG_VERSION").exists()
    finally:
        paths.remove_data(home)
