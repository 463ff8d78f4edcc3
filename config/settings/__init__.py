"""Settings, a concern a file."""

from .admin import *  # noqa: F403
from .alerts import *  # noqa: F403
from .audit import *  # noqa: F403
from .brokers import *  # noqa: F403
from .database import *  # noqa: F403
from .dispatch import *  # noqa: F403
from .environment import BASE_DIR as BASE_DIR
from .environment import FORKROAD_HOME as FORKROAD_HOME
from .logs import *  # noqa: F403
from .notices import *  # noqa: F403
from .payments import *  # noqa: F403
from .pricing import *  # noqa: F403
from .signin import *  # noqa: F403
from .traces import *  # noqa: F403
from .web import *  # noqa: F403
