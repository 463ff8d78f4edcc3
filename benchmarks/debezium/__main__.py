"""Pins the jars of `maven.toml` anew."""

from pathlib import Path

from config.embedded.maven import pin

if __name__ == "__main__":
    pin(Path(__file__).with_name("maven.toml"))
