"""What was promised to whom, how it went, and what people want to hear."""

from .device import Device
from .following import Follower, Post, PostRange
from .notice import Channel, Notice
from .ordertext import OrderText
from .preference import Preference

__all__ = ["Channel", "Device", "Follower", "Notice", "OrderText", "Post", "PostRange", "Preference"]
